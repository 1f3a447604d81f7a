"""Types a recording into a real server and notes everything that came back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp

from hunch_server import convert
from hunch_server.adapters.editor import Editor
from hunch_server.demo.recording import Recording, Step

MIN_ACCEPT_CHARS = 2
PATIENCE_MS = 400.0
MEMBERS_TRIES = 20
RULES_PATIENCE_S = 5.0
OFFER_PATIENCE_S = 6.0


@dataclass(slots=True)
class Suggestion:
    """One ghost text: where, what, how long the person waited for it (ms), and what became of it."""

    file: str
    line: int  # 1-based
    before: str
    text: str
    source: str
    wait_ms: float
    accepted: bool = False


@dataclass(slots=True)
class Played:
    """All that happened. `waits_ms`: every request that brought text."""

    suggestions: list[Suggestion] = field(default_factory=list)
    keystrokes: int = 0
    accepted_chars: int = 0
    typed_chars: int = 0
    waits_ms: list[float] = field(default_factory=list)
    stats: dict[str, Any] = field(default_factory=dict)
    members: list[tuple[str, int, str, list[lsp.CompletionItem]]] = field(default_factory=list)
    silences: list[tuple[str, int, str, str]] = field(default_factory=list)  # file, line, code, why
    violations: list[tuple[str, lsp.Diagnostic]] = field(default_factory=list)  # file, what was told on save
    offers: list[tuple[dict[str, Any], str]] = field(default_factory=list)  # `hunch/offer`, what became of it
    kept_quiet: list[dict[str, Any]] = field(default_factory=list)  # decisions of `hunch/offers` for silence
    intents: list[str] = field(default_factory=list)  # what the person seemed to be doing, at offers and silences


@dataclass(slots=True)
class Scene:
    """What a viewer sees now: the file, its text, the caret, and the ghost text there."""

    file: str
    text: str
    caret: int
    ghost: str
    note: str


class Player:
    """Plays one recording. `watch` is called after every key with what the screen would show."""

    def __init__(self, editor: Editor, root: Path, watch: Callable[[Scene, Played], None]) -> None:
        self._editor = editor
        self._root = root
        self._watch = watch
        self._uris: dict[str, str] = {}
        self._file = ""
        self._caret = 0
        self._note = ""
        self._seen: set[tuple[str, str]] = set()
        self._silent_kinds: set[str] = set()
        self.played = Played()

    async def play(self, recording: Recording) -> Played:
        """Type everything; returns what happened."""
        for step in recording.steps:
            self._note = step.note or self._note
            match step.do:
                case "open":
                    self._open(step, recording)
                case "goto":
                    text = self._text()
                    self._caret = text.index(step.text) + len(step.text)
                    await self._ask("")
                case "type":
                    await self._type(step)
                case "erase":
                    await self._erase(step)
                case "save":
                    await self._save()
                case "members":
                    await self._members()
                case "offer":
                    await self._offer(step)
                case "silence":
                    await self._silence()
        self.played.stats = await self._editor.request("hunch/stats")
        return self.played

    def _open(self, step: Step, recording: Recording) -> None:
        self._file = step.file
        if step.file not in self._uris:
            text = recording.files[step.file]
            self._uris[step.file] = self._editor.open(self._root / step.file, "python", text)
        self._caret = len(self._text())

    async def _save(self) -> None:
        """Save, wait for what the rules say of the file, and note it."""
        uri = self._uris[self._file]
        (self._root / self._file).write_text(self._text(), encoding="utf-8")
        known = {(file, str(found.code), found.range.start.line) for file, found in self.played.violations}
        for found in await self._editor.save_and_wait(uri, RULES_PATIENCE_S):
            if (self._file, str(found.code), found.range.start.line) not in known:
                self.played.violations.append((self._file, found))
                self._note = f"a rule of this repository is broken: {found.message.splitlines()[-1]}"
        self._show("")

    async def _members(self) -> None:
        """Note what the list after the dot shows; the memory may still be reading what was just saved."""
        uri = self._uris[self._file]
        here = self._editor.documents[uri].position_at(self._caret)
        for _ in range(MEMBERS_TRIES):
            listed = await self._editor.members(uri, here.line, here.column)
            if listed:
                break
            await asyncio.sleep(0.1)
        before = self._editor.documents[uri].line(here.line)[: here.column].strip()
        self.played.members.append((self._file, here.line + 1, before, listed))
        self._show("")

    async def _offer(self, step: Step) -> None:
        """Wait for an offer and answer it; its edits are applied as an editor would."""
        known = len(self.played.offers)
        for _ in range(int(OFFER_PATIENCE_S / 0.1)):
            if len(self._editor.offers) > known:
                break
            await asyncio.sleep(0.1)
        else:
            return
        offer = self._editor.offers[-1]
        await self._note_intent()
        if step.answer == "accepted":
            for change in offer.get("edits", {}).get("documentChanges", []):
                self._apply(change)
        self._editor.notify("hunch/offerOutcome", {"id": offer["id"], "outcome": step.answer})
        self.played.offers.append((offer, step.answer))
        self._note = f"{offer['title']}: {offer['why']}"
        self._show("")

    def _apply(self, change: dict[str, Any]) -> None:
        """Apply a document's edits, the last one first so that the others keep their places."""
        uri = change["textDocument"]["uri"]
        document = self._editor.documents.get(uri)
        if document is None:
            return
        for edit in reversed(change["edits"]):
            start, end = (
                document.offset_at(convert.position_from_lsp(document, lsp.Position(**edit["range"][side])))
                for side in ("start", "end")
            )
            self._editor.replace(uri, start, end, edit["newText"])
            if uri == self._uris[self._file] and start < self._caret:
                self._caret += len(edit["newText"]) - (end - start)

    async def _silence(self) -> None:
        """Wait until something that could be offered was not, and note why."""
        for _ in range(int(OFFER_PATIENCE_S / 0.1)):
            decisions = (await self._editor.request("hunch/offers"))["decisions"]
            if decisions and decisions[0]["offered"] is None and decisions[0]["kind"] is not None:
                self.played.kept_quiet.append(decisions[0])
                self._note = decisions[0]["summary"]
                break
            await asyncio.sleep(0.1)
        await self._note_intent()
        self._show("")

    async def _note_intent(self) -> None:
        intent = (await self._editor.request("hunch/offers"))["intent"]
        self.played.intents.append(intent["sentence"])

    def _text(self) -> str:
        return self._editor.documents[self._uris[self._file]].text()

    async def _type(self, step: Step) -> None:
        rest = step.text
        while rest:
            self._insert(rest[0])
            self.played.keystrokes += 1
            self.played.typed_chars += 1
            rest = rest[1:]
            insertion = await self._ask(rest)
            if insertion:
                rest = rest[len(insertion) :]

    async def _erase(self, step: Step) -> None:
        for _ in range(step.count):
            self._editor.replace(self._uris[self._file], self._caret - 1, self._caret, "")
            self._caret -= 1
            self.played.keystrokes += 1
            await self._ask("")

    def _insert(self, text: str) -> None:
        self._editor.replace(self._uris[self._file], self._caret, self._caret, text)
        self._caret += len(text)

    async def _ask(self, rest: str) -> str:
        """Ask at the caret; accept what the recording goes on to type. Returns the accepted text."""
        uri = self._uris[self._file]
        started = perf_counter()
        request_id, answer = self._editor.complete(uri, self._caret)
        try:
            async with asyncio.timeout(PATIENCE_MS / 1000):
                result = await asyncio.shield(answer)
        except TimeoutError:
            self._editor.cancel(request_id)
            await asyncio.gather(answer, return_exceptions=True)
            return ""
        waited = (perf_counter() - started) * 1000
        items = result.items if isinstance(result, lsp.InlineCompletionList) else list(result or [])
        if not items:
            await self._note_silence(uri)
            self._show("")
            return ""
        return await self._weigh(items[0], rest, waited)

    async def _weigh(self, item: lsp.InlineCompletionItem, rest: str, waited: float) -> str:
        uri = self._uris[self._file]
        document = self._editor.documents[uri]
        here = document.position_at(self._caret)
        text = item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value
        typed = 0
        if item.range is not None:
            typed = here.column - convert.code_points(document.line(here.line), item.range.start.character)
        ghost = text[typed:]
        self.played.waits_ms.append(waited)
        before = document.line(here.line)[: here.column]
        # Typing on under a suggestion, or taking back indentation, shows the same suggestion again; count it once.
        key = (self._file, (before + ghost).strip())
        arguments = (item.command.arguments or []) if item.command else []
        accepted = len(ghost) >= MIN_ACCEPT_CHARS and rest.startswith(ghost)
        source = str(arguments[1]) if len(arguments) > 1 else ""
        if key not in self._seen:
            self._seen.add(key)
            self.played.suggestions.append(
                Suggestion(self._file, here.line + 1, before, ghost, source, waited, accepted)
            )
        elif accepted:
            self.played.suggestions[-1].accepted = True
        if arguments:
            self._editor.notify("textDocument/didShowCompletion", {"item": {"command": {"arguments": arguments}}})
        self._show(ghost)
        if not accepted:
            return ""
        self._insert(ghost)
        self.played.accepted_chars += len(ghost)
        await self._editor.accept(item)
        return ghost

    async def _note_silence(self, uri: str) -> None:
        """Ask once per kind of silence why nothing was shown."""
        document = self._editor.documents[uri]
        here = document.position_at(self._caret)
        position = convert.position_to_lsp(document, here)
        decision = await self._editor.request(
            "hunch/why", {"uri": uri, "position": {"line": position.line, "character": position.character}}
        )
        if decision and decision["reason"] not in self._silent_kinds:
            self._silent_kinds.add(decision["reason"])
            code = document.line(here.line)[: here.column].strip()
            self.played.silences.append((self._file, here.line + 1, code, decision["summary"]))

    def _show(self, ghost: str) -> None:
        self._watch(Scene(self._file, self._text(), self._caret, ghost, self._note), self.played)
