"""Random messages of a hostile or confused client: mostly almost right, so that they reach deep."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

URIS = [
    "file:///w/a.py",
    "file:///w/b.ts",
    "file:///w/../../etc/passwd",
    "untitled:Untitled-1",
    "vscode-notebook-cell:/w/n.ipynb#W0",
    "file://host/share/c.rs",
    "file:///w/%F0%9F%98%80 .py",
    "file:///w/%zz%00.py",
    "",
    "\ud800",
]
LANGUAGES = ["python", "typescript", "rust", "plaintext", "", "no such language", "\u0000"]
PIECES = [
    *("x", "def f(a):\n    return ", "\n", "\r\n", "\r", "😀", "\ud83d", "\u2028", "\f", "\0", "e\u0301", "(", ")))"),
    *('"""', "    ", "\t", "import os\n", "class A:\n    def m(self):\n        self."),
    *("é" * 300, "a" * 3000, "{" * 99),
]
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53, 1e308, 0.5, "", "x", "\ud800", [], {}, [[[]]], {"": None},
    {"jsonrpc": "2.0", "id": 1}, {"uri": 5}, "file:///w/a.py", ["x"] * 100,
]  # fmt: skip


class Fuzzer:
    """Messages from one seed. `asked`: ids of requests that must be answered."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._number = 0
        self.asked: list[int] = []

    def messages(self, count: int) -> Iterator[dict[str, Any]]:
        """So many messages."""
        for _ in range(count):
            yield self._message()

    def _message(self) -> dict[str, Any]:
        dice = self._dice
        kind = dice.choices([self._session, self._request, self._notification, self._stray], [45, 35, 14, 6])[0]
        message = kind()
        if dice.random() < 0.15:
            message = self._mutated(message)
        return message

    def _session(self) -> dict[str, Any]:
        """What an editor really sends."""
        dice = self._dice
        uri = dice.choice(URIS[:6])
        match dice.randrange(8):
            case 0:
                item = {"uri": uri, "languageId": dice.choice(LANGUAGES), "version": 1, "text": self._text(20)}
                return _notify("textDocument/didOpen", {"textDocument": item})
            case 1:
                return _notify("textDocument/didClose", {"textDocument": {"uri": uri}})
            case 2:
                return _notify("textDocument/didSave", {"textDocument": {"uri": uri}})
            case 3:
                return _notify("$/cancelRequest", {"id": dice.randint(max(1, self._number - 5), self._number + 1)})
            case _:
                changes = [self._change() for _ in range(dice.randint(0, 3))]
                return _notify(
                    "textDocument/didChange",
                    {"textDocument": {"uri": uri, "version": dice.randint(0, 99)}, "contentChanges": changes},
                )

    def _change(self) -> dict[str, Any]:
        if self._dice.random() < 0.05:
            return {"text": self._text(10)}
        return {"range": {"start": self._position(), "end": self._position()}, "text": self._text(2)}

    def _request(self) -> dict[str, Any]:
        dice = self._dice
        document = {"uri": dice.choice(URIS)}
        place = {"textDocument": document, "position": self._position()}
        method, params = dice.choice([
            ("textDocument/inlineCompletion", place | {"context": {"triggerKind": dice.randint(0, 3)}}),
            ("textDocument/inlineCompletion", place | {"context": {"triggerKind": 1}}),
            ("textDocument/completion", place | {"context": {"triggerKind": 2, "triggerCharacter": "."}}),
            ("textDocument/codeAction", {
                "textDocument": document,
                "range": {"start": self._position(), "end": self._position()},
                "context": {"diagnostics": []},
            }),
            ("hunch/why", {"uri": dice.choice(URIS), "position": self._position()}),
            ("hunch/stats", None),
            ("hunch/report", dice.choice(ODD)),
            ("hunch/consent", {"level": dice.choice(["off", "none", "everything"])}),
            ("workspace/executeCommand", {"command": "hunch.didAccept", "arguments": [dice.choice(ODD)]}),
            ("workspace/executeCommand", {"command": dice.choice(["hunch.openRule", "rm -rf /"]), "arguments": ODD}),
            (dice.choice(["textDocument/hover", "no/such", "$/x", "initialize"]), dice.choice(ODD)),
        ])  # fmt: skip
        return self._ask(method, params)

    def _ask(self, method: str, params: Any) -> dict[str, Any]:
        self._number += 1
        self.asked.append(self._number)
        return {"jsonrpc": "2.0", "id": self._number, "method": method, "params": params}

    def _notification(self) -> dict[str, Any]:
        dice = self._dice
        item = {"command": {"arguments": [dice.choice(["h1", "h2", 5, None, "x" * 500]), "model"]}}
        method, params = dice.choice([
            ("textDocument/didShowCompletion", {"item": item}),
            ("textDocument/didPartiallyAcceptCompletion", {"item": item, "acceptedLength": dice.randint(-3, 10**6)}),
            ("hunch/didRejectCompletion", {"item": item, "reason": dice.choice(["explicit", "typed", "x"])}),
            ("hunch/didMoveCursor", {"textDocument": {"uri": dice.choice(URIS)}, "position": dice.choice(ODD)}),
            ("hunch/event", {"kind": dice.choice(["edit", "cursor", "x", 3]), "at": dice.choice(ODD)}),
            ("hunch/offerOutcome", {"id": "x", "outcome": "accepted"}),
            ("workspace/didChangeConfiguration", {"settings": dice.choice(ODD)}),
            ("workspace/didChangeConfiguration", {"settings": {"hunch": {"completion": dice.choice(ODD)}}}),
            ("workspace/didChangeWatchedFiles", {"changes": [{"uri": dice.choice(URIS), "type": dice.randint(0, 4)}]}),
            ("notebookDocument/didOpen", {"notebookDocument": dice.choice(ODD), "cellTextDocuments": []}),
            ("$/setTrace", {"value": dice.choice(["off", "verbose", "x"])}),
            ("window/workDoneProgress/cancel", {"token": dice.choice(ODD)}),
            ("initialized", {}),
            ("$/unknown", dice.choice(ODD)),
        ])  # fmt: skip
        return _notify(method, params)

    def _stray(self) -> dict[str, Any]:
        """Answers to nothing, and what is hardly a message."""
        dice = self._dice
        return dice.choice([
            {"jsonrpc": "2.0", "id": dice.randint(1, self._number + 1), "result": dice.choice(ODD)},
            {"jsonrpc": "2.0", "id": dice.randint(1, self._number + 1), "error": {"code": 1, "message": "no"}},
            {"jsonrpc": "2.0"},
            {"jsonrpc": dice.choice(ODD), "method": "hunch/stats"},
            {"jsonrpc": "2.0", "method": dice.choice(ODD), "params": dice.choice(ODD)},
        ])  # fmt: skip

    def _mutated(self, message: dict[str, Any]) -> dict[str, Any]:
        """Some value deep inside is replaced or gone; ids and the envelope stay, so that answers can be counted."""
        params = message.get("params")
        if isinstance(params, dict) and params:
            message["params"] = self._broken(params, 3)
        elif self._dice.random() < 0.5:
            message["params"] = self._dice.choice(ODD)
        return message

    def _broken(self, value: Any, depth: int) -> Any:
        dice = self._dice
        if isinstance(value, dict) and value and depth:
            key = dice.choice(list(value))
            if dice.random() < 0.15:
                return {k: v for k, v in value.items() if k != key}
            return value | {key: self._broken(value[key], depth - 1)}
        if isinstance(value, list) and value and depth:
            index = dice.randrange(len(value))
            return [*value[:index], self._broken(value[index], depth - 1), *value[index + 1 :]]
        return dice.choice(ODD)

    def _position(self) -> dict[str, int]:
        dice = self._dice
        far = dice.random() < 0.05
        return {"line": dice.randint(0, 10**7 if far else 12), "character": dice.randint(0, 10**7 if far else 40)}

    def _text(self, most: int) -> str:
        return "".join(self._dice.choices(PIECES, k=self._dice.randint(0, most)))


def _notify(method: str, params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": method, "params": params}
