"""Chromium, through the same steps in a page of the daemon."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Self

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.conftest import CHROMEDRIVER, CHROMIUM, FLAGS

SCRIPT = """
const [task, uri, done] = arguments;
const steps = [], begin = performance.now(), fragmented = "0123456789".repeat(100);
const chunk = crypto.getRandomValues(new Uint8Array(65536)); // What compression does not shrink.
let quiet;
const say = (step) => {
  const seconds = (performance.now() - begin) / 1000;
  steps.push(seconds >= 1.8 && !/^(notices|still|send)/.test(step) ? `${step} after ${seconds.toFixed(0)} s` : step);
};
const wait = () => {
  clearTimeout(quiet);
  quiet = setTimeout(() => { say("notices nothing"); done(steps); }, 5000);
};
setTimeout(() => { say("still waits after 12 s"); done(steps); }, 12000);
const socket = new WebSocket(uri);
const fill = () => {
  const end = performance.now() + 3000;
  let sent = 0;
  const more = () => {
    if (sent === 1024 || performance.now() > end || socket.readyState !== WebSocket.OPEN) {
      say(`send() takes ${2 ** Math.floor(Math.log2(sent / 16))} MB and more into memory without waiting`);
      done(steps);
      return;
    }
    socket.send(chunk);
    sent += 1;
    setTimeout(more);
  };
  more();
};
const tasks = {
  watch: wait,
  "keep-alive": () => { say("has no pings of its own"); done(steps); },
  echo: () => { socket.send("hello"); wait(); },
  join: () => socket.send(fragmented),
  fill,
};
socket.onopen = () => { say(socket.protocol ? `opens with ${socket.protocol}` : "opens"); tasks[task](); };
socket.onerror = () => say("error event");
socket.onmessage = ({ data }) => {
  if (task === "join") {
    say(data === fragmented ? "puts 1,000 fragments together" : "gets something else");
    done(steps);
  } else {
    say(`gets '${data}'`);
    wait();
  }
};
socket.onclose = ({ code, reason }) => { say(`close event ${code} ${reason}`.trimEnd()); done(steps); };
"""


class Chromium:
    """A browser for as long as the `with` block."""

    def __enter__(self) -> Self:
        self._profile = TemporaryDirectory()
        options = webdriver.ChromeOptions()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={self._profile.name}"):
            options.add_argument(flag)
        self._driver = webdriver.Chrome(options=options, service=Service(str(CHROMEDRIVER)))
        self._driver.set_script_timeout(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.quit()
        self._profile.cleanup()

    @property
    def version(self) -> str:
        return str(self._driver.capabilities["browserVersion"])

    def perform(self, page: str, task: str, uri: str) -> list[str]:
        self._driver.get(page)
        steps: list[str] = self._driver.execute_async_script(SCRIPT, task, uri)
        # Closes what is still open, so that the next task is alone.
        self._driver.get("about:blank")
        return steps
