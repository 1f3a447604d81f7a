"""The server as a standard LSP client sees it: pytest-lsp, real worker, real bundled model, nothing replaced."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types as lsp
from pytest_lsp import ClientServerConfig, LanguageClient

from hunch_server.adapters.editor import server_command
from hunch_server.adapters.editor_values import plain
from tests.e2e.conftest import environment

CODE = "class Point:\n    def __init__(self, width, height):\n        self.width = width\n        self.height = "


@pytest_lsp.fixture(
    config=ClientServerConfig(
        server_command=server_command(), server_env=environment(Path(__file__).parents[2] / "artifacts" / "lsp-home")
    )
)
async def client(lsp_client: LanguageClient):  # type: ignore[no-untyped-def]
    statuses: list[dict[str, str]] = []
    ready = asyncio.Event()

    @lsp_client.feature("hunch/status")
    def on_status(params):  # type: ignore[no-untyped-def]  # pygls would take `object` for the server
        statuses.append(plain(params))
        if statuses[-1]["state"] in ("ready", "degraded"):
            ready.set()

    await lsp_client.initialize_session(
        lsp.InitializeParams(
            capabilities=pytest_lsp.client_capabilities("visual-studio-code"),
            root_uri="file:///nowhere",
            initialization_options={"completion": {"minLogprob": -100}, "gate": {"level": "off"}},
        )
    )
    async with asyncio.timeout(60):
        await ready.wait()
    assert statuses[-1]["state"] == "ready", statuses
    yield
    await lsp_client.shutdown_session()


def opened(client: LanguageClient, text: str, uri: str = "file:///nowhere/a.py", language: str = "python") -> str:
    client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, language, 1, text)))
    return uri


async def ask(client: LanguageClient, uri: str, line: int, character: int) -> list[lsp.InlineCompletionItem]:
    result = await client.text_document_inline_completion_async(
        lsp.InlineCompletionParams(
            context=lsp.InlineCompletionContext(lsp.InlineCompletionTriggerKind.Automatic),
            text_document=lsp.TextDocumentIdentifier(uri),
            position=lsp.Position(line, character),
        )
    )
    assert isinstance(result, lsp.InlineCompletionList)
    return list(result.items)


async def test_a_keystroke_brings_ghost_text_and_an_explanation(client: LanguageClient) -> None:
    uri = opened(client, CODE)
    items = await ask(client, uri, 3, 22)
    (item,) = items
    assert isinstance(item.insert_text, str)
    # The item replaces the line up to the caret, so it begins with what stands there.
    assert item.insert_text.startswith("        self.height = ")
    assert len(item.insert_text.strip()) > len("self.height =")
    assert item.range == lsp.Range(lsp.Position(3, 0), lsp.Position(3, 22))
    assert item.command is not None
    assert item.command.command == "hunch.didAccept"
    why = plain(
        await client.protocol.send_request_async("hunch/why", {"uri": uri, "position": {"line": 3, "character": 22}})
    )
    assert why["shown"] is True
    assert why["summary"].startswith("Shown (from the model, ")
    assert {factor["name"] for factor in why["factors"]} >= {"mean_logprob", "min_logprob", "source"}
    assert why["knob"]["setting"] == "hunch.completion.minLogprob"


async def test_typing_through_is_answered_without_the_model(client: LanguageClient) -> None:
    uri = opened(client, CODE)
    (first,) = await ask(client, uri, 3, 22)
    typed = str(first.insert_text)[22:23]
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(2, uri),
            [
                lsp.TextDocumentContentChangePartial(
                    range=lsp.Range(lsp.Position(3, 22), lsp.Position(3, 22)), text=typed
                )
            ],
        )
    )
    before = plain(await client.protocol.send_request_async("hunch/stats", None))
    (second,) = await ask(client, uri, 3, 23)
    after = plain(await client.protocol.send_request_async("hunch/stats", None))
    assert second.insert_text == first.insert_text
    assert after["cache_hits"] == before["cache_hits"] + 1
    assert after["decoded_tokens"] == before["decoded_tokens"]


async def test_outcomes_are_counted_and_an_explicit_no_is_respected(client: LanguageClient) -> None:
    uri = opened(client, CODE)
    (item,) = await ask(client, uri, 3, 22)
    sent = {"item": {"command": {"title": "", "command": "hunch.didAccept", "arguments": item.command.arguments}}}
    client.protocol.notify("textDocument/didShowCompletion", sent)
    client.protocol.notify("textDocument/didPartiallyAcceptCompletion", {**sent, "acceptedLength": 24})
    client.protocol.notify("textDocument/didPartiallyAcceptCompletion", {**sent, "acceptedLength": 25})
    await client.workspace_execute_command_async(
        lsp.ExecuteCommandParams(command="hunch.didAccept", arguments=item.command.arguments)
    )
    client.protocol.notify("hunch/didRejectCompletion", {**sent, "reason": "explicit", "shownMs": 900})
    stats = plain(await client.protocol.send_request_async("hunch/stats", None))
    assert (stats["shown"], stats["partially_accepted"], stats["accepted"], stats["rejected"]) == (1, 1, 1, 1)
    assert stats["accepted_chars"] == len(str(item.insert_text)) - 22
    assert await ask(client, uri, 3, 22) == []
    why = plain(
        await client.protocol.send_request_async("hunch/why", {"uri": uri, "position": {"line": 3, "character": 22}})
    )
    assert why["reason"] == "rejected_before"


async def test_settings_change_while_it_runs(client: LanguageClient) -> None:
    uri = opened(client, CODE)
    client.workspace_did_change_configuration(
        lsp.DidChangeConfigurationParams(settings={"hunch": {"completion": {"enable": False}}})
    )
    assert await ask(client, uri, 3, 22) == []
    client.workspace_did_change_configuration(
        lsp.DidChangeConfigurationParams(settings={"hunch": {"completion": {"enable": True, "minLogprob": -100}}})
    )
    assert len(await ask(client, uri, 3, 22)) == 1


async def test_positions_after_astral_characters_and_carriage_returns(client: LanguageClient) -> None:
    text = "# 😀😀\r\nvalues = [1, 2]  # \u2028 is no line end for LSP\r\nfor value in val"
    uri = opened(client, text)
    (item,) = await ask(client, uri, 2, 16)
    assert str(item.insert_text).startswith("for value in val")
    assert item.range == lsp.Range(lsp.Position(2, 0), lsp.Position(2, 16))


@pytest.mark.parametrize(("line", "character"), [(0, 2**31 - 1), (2**31 - 1, 0), (2**31 - 1, 2**31 - 1)])
async def test_positions_out_of_range_are_clamped(client: LanguageClient, line: int, character: int) -> None:
    uri = opened(client, "x = 1\n")
    assert isinstance(await ask(client, uri, line, character), list)


async def test_unknown_documents_and_odd_messages_are_harmless(client: LanguageClient) -> None:
    assert await ask(client, "file:///nowhere/never-opened.py", 0, 0) == []
    client.text_document_did_change(
        lsp.DidChangeTextDocumentParams(
            lsp.VersionedTextDocumentIdentifier(2, "file:///nowhere/never-opened.py"),
            [lsp.TextDocumentContentChangeWholeDocument(text="x")],
        )
    )
    for params in ({"item": 3}, {"item": {}}, {"item": {"command": {"arguments": [7]}}}, {"item": {"id": "x" * 999}}):
        client.protocol.notify("textDocument/didShowCompletion", params)
    client.protocol.notify("hunch/unheardOf", {"a": 1})
    with pytest.raises(Exception, match="position"):
        await client.protocol.send_request_async("hunch/why", {"uri": "file:///x"})
    uri = opened(client, CODE)
    assert len(await ask(client, uri, 3, 22)) == 1


async def test_large_and_binary_documents_are_left_alone(client: LanguageClient) -> None:
    large = opened(client, "x = 1\n" * 1_000_000, uri="file:///nowhere/large.py")
    binary = opened(client, "\0\1\2", uri="file:///nowhere/image.py")
    assert await ask(client, large, 0, 5) == []
    assert await ask(client, binary, 0, 1) == []
