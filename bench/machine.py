"""What /proc and the scheduler tell: CPU time and memory of a process, cores to pin to, what the machine is."""

from __future__ import annotations

import os
import platform
import re
import resource
from pathlib import Path


def cores() -> tuple[int, int]:
    """The core for servers and the core for the load; the same one on a machine with one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[min(1, len(usable) - 1)]


def pinned(core: int, argv: list[str]) -> list[str]:
    """The command, on that core alone."""
    return ["taskset", "--cpu-list", str(core), *argv]


def raise_open_files() -> None:
    """Let children have as many descriptors as may be: 10,000 connections and some."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_ns(pid: int) -> int:
    """Nanoseconds, user and system, that the living threads of a process have been on a CPU."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def memory_kib(pid: int, field: str = "VmRSS") -> int:
    """A field of /proc/PID/status in KiB: `VmRSS` is resident now, `VmHWM` was at most."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{field}:\s+(\d+)", status, re.M)
    if found is None:
        raise LookupError(f"process {pid} has no {field}")
    return int(found[1])


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def cpu_model() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return " ".join(found[1].split()) if found else platform.machine()


def facts() -> dict[str, str]:
    """What a reader needs to compare the figures with those of another machine."""
    server, load = cores()
    return {
        "CPU": f"{cpu_model()}, {os.cpu_count()} cores; server on core {server}, load on core {load}",
        "kernel": "Linux " + ".".join(re.findall(r"\d+", platform.release())[:2]),
        "Python": platform.python_version(),
    }
