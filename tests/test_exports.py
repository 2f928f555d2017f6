"""The public face, pinned: what `import echod` and `from echod.blocking import *` give, and that each is explained."""

from __future__ import annotations

import inspect

import pytest

import echod
from echod import blocking

FUNCTIONS = {
    "close_websocket",
    "default_server",
    "echo_client",
    "echo_close",
    "echo_send",
    "echo_server",
    "multi_server",
    "open_websocket",
    "publish_websocket",
    "shutdown",
    "start",
    "websocket_send",
}
ERRORS = {
    "BadArgument",
    "BadCertificate",
    "BadSetting",
    "CannotListen",
    "CannotWait",
    "ConnectFailed",
    "ConnectionClosed",
    "EchodError",
    "HandshakeRefused",
    "NoClient",
    "NotWebSocket",
    "OpenFailed",
    "OpenTimeout",
}
CLASSES = {"CloseCode", "Contract", "Limits", "Server", "State"}
PROTOCOLS = {"Echo", "EndpointFactory", "MultiEcho", "SimpleEcho"}


def test_echod_exports_these_names() -> None:
    assert set(echod.__all__) == FUNCTIONS | ERRORS | CLASSES | PROTOCOLS


def test_the_prompt_gets_the_functions() -> None:
    assert set(blocking.__all__) == FUNCTIONS


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_both_faces_have_the_same_signature_and_promise(name: str) -> None:
    ours, theirs = getattr(echod, name), getattr(blocking, name)
    assert inspect.signature(ours) == inspect.signature(theirs)
    assert ours.__doc__ == theirs.__doc__


def public_members() -> list[object]:
    """Everything exported, and the public methods and properties of what is exported."""
    members = [getattr(echod, name) for name in echod.__all__]
    for owner in (echod.Contract, echod.Server):
        members += [member for name, member in vars(owner).items() if not name.startswith("_")]
    return [member for member in members if callable(member) or isinstance(member, property)]


@pytest.mark.parametrize("member", public_members(), ids=str)
def test_a_public_name_says_what_it_promises(member: object) -> None:
    assert inspect.getdoc(member)
