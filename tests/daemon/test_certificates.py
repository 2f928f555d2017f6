"""Certificates out of files: a chain for each key, whatever stands there in whatever order, and no loop."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import SubjectAlternativeName, UnrecognizedExtension
from OpenSSL.SSL import Connection
from twisted.logger import capturedLogs, formatEvent

from echod.daemon.certificates import Pair, read_folder, read_pair
from echod.daemon.contexts import Contexts
from echod.daemon.pem import MOST_BYTES
from tests.api.certificates import make_root
from tests.issuing import Issued, issue

ROOT = issue("root")
MIDDLE = issue("middle", ROOT)
LEAF = issue("leaf", MIDDLE, "localhost")
LONE = issue("lone", None, "lone.example")


def write(folder: Path, **files: bytes) -> str:
    """Write `.pem` files of these names."""
    for name, content in files.items():
        (folder / f"{name}.pem").write_bytes(content)
    return str(folder)


def chain_of(pair: Pair) -> list[x509.Certificate]:
    return [pair.found.certificate, *pair.chain]


def certificates(*issued: Issued) -> list[x509.Certificate]:
    return [one.certificate for one in issued]


WHOLE = certificates(LEAF, MIDDLE, ROOT)
CHAINS = {
    "in order": [LEAF.key_pem, LEAF.pem, MIDDLE.pem, ROOT.pem],
    "reversed": [ROOT.pem, MIDDLE.pem, LEAF.pem, LEAF.key_pem],
    "doubled": [LEAF.key_pem, LEAF.pem, LEAF.pem, MIDDLE.pem, MIDDLE.pem, ROOT.pem, LEAF.key_pem, ROOT.pem],
    "with others": [LONE.pem, LEAF.key_pem, LEAF.pem, MIDDLE.pem, ROOT.pem],
}


@pytest.mark.parametrize("blocks", CHAINS.values(), ids=CHAINS)
def test_the_chain_is_in_order_up_to_the_root(tmp_path: Path, blocks: list[bytes]) -> None:
    [pair] = read_folder(write(tmp_path, a=b"".join(blocks)))
    assert chain_of(pair) == WHOLE


def test_the_parts_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    [pair] = read_folder(write(tmp_path, a=ROOT.pem, b=MIDDLE.pem, c=LEAF.pem, d=LEAF.key_pem))
    assert chain_of(pair) == WHOLE


def test_a_self_signed_certificate_is_its_own_chain(tmp_path: Path) -> None:
    [pair] = read_folder(write(tmp_path, a=LONE.key_pem + LONE.pem))
    assert chain_of(pair) == certificates(LONE)


def test_the_key_of_the_authority_makes_a_pair_too_but_not_the_first(tmp_path: Path) -> None:
    pairs = read_folder(write(tmp_path, a=ROOT.key_pem + ROOT.pem, b=LEAF.key_pem + LEAF.pem + MIDDLE.pem))
    assert [pair.found.certificate for pair in pairs] == certificates(LEAF, ROOT)


def test_authorities_that_have_signed_each_other_are_no_loop(tmp_path: Path) -> None:
    one, other = issue("one"), issue("other")
    crossed, across = issue("one", other, key=one.key), issue("other", one, key=other.key)
    leaf = issue("leaf", one, "localhost")
    [pair] = read_folder(write(tmp_path, a=leaf.key_pem + leaf.pem + crossed.pem + across.pem))
    assert chain_of(pair) == certificates(leaf, crossed, across)


def test_of_two_authorities_of_one_name_the_one_counts_that_has_signed(tmp_path: Path) -> None:
    false, true = issue("same"), issue("same")
    leaf = issue("leaf", true, "localhost")
    [pair] = read_folder(write(tmp_path, a=false.pem, b=leaf.key_pem + leaf.pem, c=true.pem))
    assert chain_of(pair) == certificates(leaf, true)


def test_of_two_that_have_signed_the_one_in_the_same_file_counts(tmp_path: Path) -> None:
    old = issue("root")
    new = issue("new root")
    crossed = issue("root", new, key=old.key)
    leaf = issue("leaf", old, "localhost")
    [pair] = read_folder(write(tmp_path, a=old.pem, b=leaf.key_pem + leaf.pem + crossed.pem, c=new.pem))
    assert chain_of(pair) == certificates(leaf, crossed, new)


def test_a_chain_may_be_long(tmp_path: Path) -> None:
    chain = [issue("0")]
    for number in range(1, 60):
        chain.append(issue(str(number), chain[-1]))
    leaf = issue("leaf", chain[-1], "localhost")
    [pair] = read_folder(write(tmp_path, a=b"".join(one.pem for one in chain) + leaf.key_pem + leaf.pem))
    assert chain_of(pair) == certificates(leaf, *reversed(chain))
    Contexts([pair])


def test_loading_takes_time_by_the_number_of_files_alone(tmp_path: Path) -> None:
    """A folder whose certificates all have the same name, and one whose have not."""
    same, other = tmp_path / "same", tmp_path / "other"
    for folder in (same, other):
        folder.mkdir()
    for number in range(60):
        for folder, name in ((same, "root"), (other, f"root {number}")):
            root = issue(name)
            leaf = issue("root" if folder is same else f"leaf {number}", root, f"{number}.example")
            write(folder, **{str(number): leaf.key_pem + leaf.pem + root.pem})
    usual, train = cpu_of(other), cpu_of(same)
    assert train < 2 * usual + 0.1


def cpu_of(folder: Path) -> float:
    """Seconds that loading it takes."""
    start = time.process_time()
    assert len(read_folder(str(folder))) == 60
    return time.process_time() - start


def test_text_around_blocks_and_blocks_of_no_use_are_ignored(tmp_path: Path) -> None:
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    text = b"\xef\xbb\xbfBag Attributes\n    friendlyName: a\nsubject=CN = leaf\n-----BEGIN-----\n"
    whole = text + parameters + LEAF.key_pem + text + LEAF.pem.replace(b"\n", b"\r\n") + b"rest without a line end"
    [pair] = read_folder(write(tmp_path, a=whole))
    assert chain_of(pair) == certificates(LEAF)


def test_the_older_label_of_a_certificate_is_known(tmp_path: Path) -> None:
    [pair] = read_folder(write(tmp_path, a=LEAF.key_pem + LEAF.pem.replace(b" CERT", b" X509 CERT")))
    assert chain_of(pair) == certificates(LEAF)


def test_folders_below_are_read_and_links_in_a_circle_are_no_loop(tmp_path: Path) -> None:
    below = tmp_path / "..2026" / "x.pem"
    below.mkdir(parents=True)
    write(below, a=LEAF.key_pem + LEAF.pem)
    (tmp_path / "..data").symlink_to("..2026")
    (tmp_path / "a.pem").symlink_to("..data/x.pem/a.pem")
    (below / "up").symlink_to(tmp_path)
    [pair] = read_folder(str(tmp_path))
    assert chain_of(pair) == certificates(LEAF)


def test_other_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("x")
    (tmp_path / "a.crt").write_bytes(b"x")
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path, a=LEAF.key_pem + LEAF.pem)
    assert len(read_folder(str(tmp_path))) == 1


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)
        made.bind(path.name)


def encrypted(form: PrivateFormat) -> bytes:
    return LEAF.key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"secret"))


BAD = {
    "empty": (b"", "neither a key nor a certificate"),
    "garbage": (b"\x00\xff" * 100, "neither a key nor a certificate"),
    "DER": (LEAF.der, "neither a key nor a certificate"),
    "UTF-16": ((LEAF.key_pem + LEAF.pem).decode().encode("utf-16"), "neither a key nor a certificate"),
    "a public key": (b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----\n", "neither a key nor a certificate"),
    "no base64": (b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n", ""),
    "no certificate": (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),
    "no key": (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", ""),
    "cut off": (LEAF.key_pem + LEAF.pem[:300], "a block without its end: CERTIFICATE"),
    "cut off within": (LEAF.pem[:300] + b"\n" + LEAF.key_pem, "a block without its end: CERTIFICATE"),
    "another end": (LEAF.pem.replace(b"END CERTIFICATE", b"END X"), "a block without its end: CERTIFICATE"),
    "a password": (encrypted(PrivateFormat.PKCS8) + LEAF.pem, "[Pp]assword"),
    "a password, older": (encrypted(PrivateFormat.TraditionalOpenSSL) + LEAF.pem, "[Pp]assword"),
    "large": (b"x" * (MOST_BYTES + 1), "larger than 4 MiB"),
    "many beginnings": (b"-----BEGIN CERTIFICATE-----\n" * 100_000, "a block without its end"),
    "a FIFO": (make_fifo, "no regular file"),
    "a socket": (make_socket, "No such device"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "no regular file"),
    "a dangling link": (lambda path: path.symlink_to("nowhere"), "No such file or directory"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "Too many levels of symbolic links"),
}


@pytest.mark.parametrize(("content", "why"), BAD.values(), ids=BAD)
def test_a_file_that_does_not_load_is_named(
    tmp_path: Path, content: Any, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, good=LEAF.key_pem + LEAF.pem)
    path = tmp_path / "other.pem"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    with pytest.raises(ValueError, match=f"^{path}: .*{why}") as raised:
        read_folder(str(tmp_path))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("value", [b"\x30\x07\x87\x05\x7f\x00\x00\x01\x01", b"\x04\x00"], ids=["five bytes", "no list"])
def test_a_certificate_whose_names_cannot_be_read_is_named(tmp_path: Path, value: bytes) -> None:
    odd = make_root().issue(extensions=[UnrecognizedExtension(SubjectAlternativeName.oid, value)])
    write(tmp_path, good=LEAF.key_pem + LEAF.pem, other=odd.pem)
    with pytest.raises(ValueError, match=f"^{tmp_path}/other.pem: an extension of the certificate cannot be read: "):
        read_folder(str(tmp_path))


def test_a_mark_of_utf_8_before_a_key_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, a=b"\xef\xbb\xbf" + LEAF.key_pem + LEAF.pem)
    assert len(read_folder(str(tmp_path))) == 1


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, a=LEAF.pem)
    opens = os.open
    denied = lambda path, *rest: opens("/none" if path.endswith(".pem") else path, *rest)  # noqa: E731
    monkeypatch.setattr("echod.daemon.pem.os.open", denied)
    with pytest.raises(ValueError, match=r"a\.pem: No such file"):
        read_folder(str(tmp_path))


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("echod.daemon.certificates.os.scandir", deny)
    with pytest.raises(ValueError, match=f"{tmp_path}: Permission denied"):
        read_folder(str(tmp_path))


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (LEAF.key_pem, r"no \.pem file with a key and its certificate; .*a\.pem: a key without its certificate"),
        (LEAF.pem, r"no \.pem file with a key and its certificate$"),
        (LONE.key_pem + LEAF.pem, r"a\.pem: a key without its certificate"),
    ],
    ids=["a key", "a certificate", "another key"],
)
def test_without_a_pair_there_is_a_complaint(tmp_path: Path, content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_folder(write(tmp_path, a=content))


def logged(make: Any) -> list[str]:
    with capturedLogs() as events:
        make()
    return [text for event in events if (text := formatEvent(event) or "")]


def test_a_key_without_a_certificate_beside_others_is_told_in_the_log(tmp_path: Path) -> None:
    write(tmp_path, a=LEAF.key_pem + LEAF.pem, b=LONE.key_pem)
    assert logged(lambda: read_folder(str(tmp_path))) == [f"{tmp_path}/b.pem: a key without its certificate"]


@pytest.mark.parametrize(
    ("days", "said"), [((-9, -2), "has expired on 20"), ((2, 9), "is not valid before 20"), ((-9, 9), "")]
)
def test_a_certificate_that_is_not_valid_now_is_served_and_told_in_the_log(
    tmp_path: Path, days: tuple[int, int], said: str
) -> None:
    one = issue("a", None, "localhost", days=days)
    pairs = read_folder(write(tmp_path, a=one.key_pem + one.pem))
    lines = logged(lambda: Contexts(pairs))
    assert bool(lines) == bool(said)
    assert all(line.startswith(f"the certificate in {tmp_path}/a.pem {said}") for line in lines)


def served(contexts: Contexts, name: bytes) -> x509.Certificate | None:
    """The certificate for a server name; None where that is the first."""
    context = contexts.find(name)
    return None if context is None else Connection(context, None).get_certificate(as_cryptography=True)


def load(folder: Path, *issued: Issued) -> Contexts:
    files = {f"{number:03}": one.key_pem + one.pem for number, one in enumerate(issued)}
    return Contexts(read_folder(write(folder, **files)))


STAR, EXACT = issue("star", None, "*.example.com"), issue("exact", None, "A.example.com", "b.example.com")
NAMED = issue("old.example")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"a.example.com", EXACT),
        (b"A.EXAMPLE.com", EXACT),
        (b"b.example.com.", EXACT),
        (b"c.example.com", STAR),
        (b"OLD.example", NAMED),
        (b"a.b.example.com", None),
        (b"example.com", None),
        (b"com", None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_certificate_is_that_of_the_name(tmp_path: Path, name: bytes, expected: Issued | None) -> None:
    contexts = load(tmp_path, STAR, EXACT, NAMED)
    assert served(contexts, name) == (None if expected is None else expected.certificate)


@pytest.mark.parametrize("is_reversed", [False, True])
@pytest.mark.parametrize("other", [(-9, 30), (-30, -1), (1, 30)], ids=["older", "expired", "not yet"])
def test_of_two_for_one_name_the_youngest_counts_that_is_valid(
    tmp_path: Path, other: tuple[int, int], is_reversed: bool
) -> None:
    good, worse = issue("a", None, "localhost"), issue("b", None, "localhost", days=other)
    contexts = load(tmp_path, *([worse, good] if is_reversed else [good, worse]))
    assert served(contexts, b"localhost") == good.certificate


def test_one_key_may_have_two_certificates(tmp_path: Path) -> None:
    good = issue("a", None, "localhost")
    again = issue("a", None, "other.example", key=good.key)
    contexts = Contexts(read_folder(write(tmp_path, a=good.key_pem + good.pem + again.pem)))
    assert served(contexts, b"localhost") == good.certificate
    assert served(contexts, b"other.example") == again.certificate


def test_a_key_that_openssl_finds_too_small_is_said_with_its_file(tmp_path: Path) -> None:
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=a", "-keyout", "-"],
        capture_output=True,
        check=True,
    ).stdout
    with pytest.raises(ValueError, match=rf"{tmp_path}/a\.pem: .*key too small"):
        Contexts(read_folder(write(tmp_path, a=made)))


# One key with its certificate: `ssl:`.


def pair_of(tmp_path: Path, key: bytes, certificate: bytes | None = None, chain: bytes | None = None) -> Pair:
    write(tmp_path, key=key)
    paths = [str(tmp_path / "key.pem"), str(tmp_path / ("key.pem" if certificate is None else "cert.pem")), None]
    if certificate is not None:
        write(tmp_path, cert=certificate)
    if chain is not None:
        write(tmp_path, chain=chain)
        paths[2] = str(tmp_path / "chain.pem")
    return read_pair(*paths)  # type: ignore[arg-type]


PAIRS = {
    "all in one file": ([LEAF.key_pem + LEAF.pem + MIDDLE.pem + ROOT.pem], WHOLE),
    "the key last": ([LEAF.pem + MIDDLE.pem + LEAF.key_pem], WHOLE[:2]),
    "a chain in the file of the certificate": ([LEAF.key_pem, LEAF.pem + MIDDLE.pem + ROOT.pem], WHOLE),
    "a chain in the wrong order": ([LEAF.key_pem, ROOT.pem + MIDDLE.pem + LEAF.pem], WHOLE),
    "a chain in a file of its own": ([LEAF.key_pem, LEAF.pem, MIDDLE.pem + ROOT.pem], WHOLE),
    "a chain in two files": ([LEAF.key_pem, LEAF.pem + MIDDLE.pem, ROOT.pem], WHOLE),
    "a chain with CRLF": ([LEAF.key_pem, LEAF.pem, MIDDLE.pem.replace(b"\n", b"\r\n")], WHOLE[:2]),
    "the certificate in the chain again": ([LEAF.key_pem, LEAF.pem, LEAF.pem + MIDDLE.pem], WHOLE[:2]),
    "no chain": ([LEAF.key_pem, LEAF.pem], WHOLE[:1]),
    "authorities beside it": ([LEAF.key_pem, LEAF.pem + LONE.pem + MIDDLE.pem], WHOLE[:2]),
    "what is said to be its chain": ([LEAF.key_pem, LEAF.pem, LONE.pem], certificates(LEAF, LONE)),
    "another certificate with the key": ([LEAF.key_pem + LEAF.pem, LEAF.pem], WHOLE[:1]),
}


@pytest.mark.parametrize(("files", "expected"), PAIRS.values(), ids=PAIRS)
def test_the_certificate_of_a_key_comes_with_its_chain(
    tmp_path: Path, files: list[bytes], expected: list[x509.Certificate]
) -> None:
    pair = pair_of(tmp_path, *files)
    assert chain_of(pair) == expected
    Contexts([pair])


def test_a_renewed_certificate_counts_and_not_the_one_beside_the_key(tmp_path: Path) -> None:
    renewed = issue("leaf", MIDDLE, "localhost", key=LEAF.key)
    assert chain_of(pair_of(tmp_path, LEAF.key_pem + LEAF.pem, renewed.pem)) == certificates(renewed)


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ([LEAF.pem, LEAF.pem], r"key\.pem: no key"),
        ([LONE.key_pem, LEAF.pem], r"cert\.pem: no certificate of the key in .*key\.pem"),
        ([LEAF.key_pem, ROOT.key_pem + ROOT.pem], r"cert\.pem: no certificate of the key in .*key\.pem"),
        ([LEAF.key_pem], r"key\.pem: no certificate of the key in"),
        ([LEAF.key_pem, LEAF.pem, b""], r"chain\.pem: neither a key nor a certificate"),
        ([LEAF.key_pem, LEAF.pem, b"\n" + LEAF.pem[:200]], r"chain\.pem: a block without its end"),
    ],
)
def test_files_that_do_not_go_together_are_named(tmp_path: Path, files: list[bytes], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        pair_of(tmp_path, *files)


def test_a_key_of_another_kind_is_taken(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    (tmp_path / "rsa.key").write_bytes(pem)
    subject = ["-subj", "/CN=a", "-key", str(tmp_path / "rsa.key")]
    made = subprocess.run(["openssl", "req", "-x509", *subject], capture_output=True, check=True).stdout
    Contexts([pair_of(tmp_path, pem, made)])


def test_canary_twisted_still_walks_its_chains_without_end() -> None:
    """When this fails, Twisted's own loading may do."""
    import inspect

    from twisted.protocols._sni import PEMObjects

    walk = inspect.getsource(PEMObjects.inferDomainMapping).partition("while ")[2]
    assert walk.startswith("hashDN(chained.getIssuer()) in bySubject:\n")


def test_canary_twisted_still_has_one_certificate_of_a_file() -> None:
    """When this fails, Twisted's own `ssl:` may do."""
    import inspect

    from twisted.internet.endpoints import _parseSSL

    assert "PrivateCertificate.loadPEM(certPEM" in inspect.getsource(_parseSSL)


def test_canary_twisted_still_answers_h2_with_internal_error() -> None:
    """When this fails, Twisted's own choice by ALPN may do."""
    import inspect

    from twisted.internet._sslverify import setupForALPN

    assert 'return b""' in inspect.getsource(setupForALPN)
