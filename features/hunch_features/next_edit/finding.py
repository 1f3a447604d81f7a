"""Finds the lines that an edit may call for, in its own file and in others, within a bound of files and of time."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import log2

from hunch_features.memory.walk import language_of
from hunch_features.next_edit.changes import changes
from hunch_features.next_edit.declarations import C_FAMILY, counterparts
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.facts import add_facts, stem_of
from hunch_features.next_edit.following import OpenSignatures
from hunch_features.next_edit.kinds import MORE_KEYWORDS, PAIRS, Change, ChangeKind
from hunch_features.next_edit.lines import same_anchor, same_block, same_removed
from hunch_features.next_edit.locales import missing_keys
from hunch_features.next_edit.repeats import repeats
from hunch_features.next_edit.repository import Repository
from hunch_features.next_edit.sentences import TELLING
from hunch_features.next_edit.siblings import beside_definition, beside_sibling
from hunch_features.next_edit.source import Source, words_in
from hunch_features.next_edit.spots import Spot, Spots
from hunch_features.next_edit.twins import is_counterpart
from hunch_features.next_edit.uses import NAMED, holding, uses

MAX_WORDS = 8
MAX_FILES = 24
MAX_RELATED_FILES = 4
"""Files read although no word led there, because they change together with the edited one."""
MAX_OTHER_CHARS = 120_000


class Found:
    """The spots of an edit and the numbers that hold for all of them."""

    def __init__(self, delta: Delta, made: list[Change], spots: list[Spot], files_read: int) -> None:
        self.delta = delta
        self.changes = made
        self.spots = spots
        self.files_read = files_read


def find(
    delta: Delta,
    repository: Repository,
    *,
    in_time: Callable[[], bool] = lambda: True,
    signatures: OpenSignatures | None = None,
    at: int = 0,
) -> Found:
    """Spots with their facts. Files are read one by one while `in_time()` says that there is time.

    `signatures` are those that the session changed before and whose calls may not all follow yet; `at` is now, in ms.
    """
    path = delta.edit.path
    made = changes(delta)
    if signatures is not None:
        signatures.see(delta, made, at)
        earlier = signatures.changes(path, lambda other: delta.edit.after if other == path else repository.text(other))
        own = {change.old for change in earlier if not change.path}
        made = [*(one for one in made if one.kind is not ChangeKind.SIGNATURE or one.old not in own), *earlier]
    spots = Spots()
    held = {change.old: holding(change, delta.after, delta.touched) for change in made if change.kind in NAMED}
    _look(_Looked(delta.after, path, repository), made, held, delta.touched, spots)
    files_read = 0
    if made and in_time():
        users = repository.files_using(_words(made))
        together = repository.related(path)
        counts = {word: len(paths) for word, paths in users.items()}
        halves = repository.twins(path) if _have_twins(made) else ()
        sources: list[Source] = []
        for other in [*halves, *(one for one in _files(path, users, together) if one not in halves)]:
            if not in_time():
                break
            text = repository.text(other)
            if text is None or len(text) > MAX_OTHER_CHARS:
                continue
            files_read += 1
            sources.append(_other(other, text))
            _look(_Looked(sources[-1], path, repository), made, held, frozenset(), spots)
        for change in made:
            if change.kind is ChangeKind.KEY_ADDED:
                family = [source for source in sources if source.path in halves]
                for source in family:
                    missing_keys(change, source, [*family, delta.after], spots)
        add_facts(spots.all(), delta, made, together, counts)
    else:
        add_facts(spots.all(), delta, made, {}, {})
    spots.combine()
    return Found(delta, made, spots.all(), files_read)


def _have_twins(made: list[Change]) -> bool:
    """Whether something was done that other halves of a file have to follow."""
    kinds = {change.kind for change in made}
    return bool(kinds & {ChangeKind.KEY_ADDED, ChangeKind.SIGNATURE, ChangeKind.RENAMED})


@lru_cache(maxsize=MAX_FILES)
def _other(path: str, text: str) -> Source:
    """Another file; kept, as an edit that grows leads to the same ones again and again."""
    return Source(path, language_of(path) or "plaintext", text)


class _Looked:
    """A file that is looked into, and how it stands to the file that a change was made in."""

    def __init__(self, source: Source, edited: str, repository: Repository) -> None:
        self.source = source
        self._edited = edited
        self._repository = repository

    def is_here(self, change: Change) -> bool:
        """Whether the change was made in this file."""
        return self.source.path == (change.path or self._edited)

    def is_half(self, change: Change) -> bool:
        """Whether a changed signature may be declared or defined here once more."""
        if change.kind is not ChangeKind.SIGNATURE:
            return False
        forward = self.is_here(change) and self.source.language in C_FAMILY
        return forward or is_counterpart(change.path or self._edited, self.source.path)

    def imports(self, change: Change) -> bool:
        """Whether the change's name comes from the file that it was made in."""
        if change.path == self.source.path:
            return True
        if self.is_here(change) or not (change.at_definition or change.kind in PAIRS):
            return False
        return self._is_from(change.old, change)

    def modules(self, change: Change) -> frozenset[str]:
        """The names before a dot and the function's name that stand for the file that it was changed in."""
        if change.kind is not ChangeKind.SIGNATURE or self.is_here(change):
            return frozenset()
        found = re.findall(rf"(\w+)\.{re.escape(change.old)}\(", self.source.text)
        return frozenset(name for name in sorted(set(found))[:MAX_WORDS] if self._is_from(name, change))

    def _is_from(self, name: str, change: Change) -> bool:
        origin = change.path or self._edited
        if is_counterpart(origin, self.source.path):
            return True
        if self.source.language in C_FAMILY:
            header = posixpath.splitext(posixpath.basename(origin))[0]
            return (
                re.search(rf'#include\s*[<"](?:[^<">\n]*/)?{re.escape(header)}\.\w+[>"]', self.source.text) is not None
            )
        return self._repository.imported_from(self.source, name) == origin


def _look(
    looked: _Looked, made: list[Change], held: Mapping[str, float], touched: frozenset[int], spots: Spots
) -> None:
    source = looked.source
    for change in made:
        here = looked.is_here(change)
        if change.kind in NAMED and (here or _reaches_out(change)) and change.old in source.text:
            just = touched if not change.path or not here else touched | {change.line}
            modules = looked.modules(change)
            imported = looked.imports(change) or bool(modules)
            if looked.is_half(change):
                counterparts(change, source, just, spots)
            if change.resigned is None or not change.resigned.is_harmless:
                uses(change, source, here, imported, held[change.old], just, spots, modules)
        if change.replacement is not None:
            repeats(change, source, here, touched, spots)
        if change.kind is ChangeKind.LINES_ADDED:
            same_anchor(change, source, here, touched, spots)
        elif change.kind is ChangeKind.LINES_REMOVED:
            same_removed(change, source, here, touched, spots)
        elif change.kind is ChangeKind.SIBLING_ADDED:
            beside_sibling(change, source, here, touched, spots)
        elif change.kind is ChangeKind.DEFINITION_ADDED:
            beside_definition(change, source, here, touched, spots)
        elif change.kind is ChangeKind.BLOCK_REPLACED:
            same_block(change, source, here, touched, spots)


def _reaches_out(change: Change) -> bool:
    """Whether the uses of a change's name in other files are anybody's business."""
    if change.kind in (ChangeKind.NAME_ADDED, ChangeKind.IMPORT_ADDED):
        return change.at_definition
    return change.scope is None or change.kind is ChangeKind.ENCLOSING


def _words(made: list[Change]) -> list[str]:
    """The words to ask other files for, the most telling first."""
    scored: dict[str, float] = {}
    for change in made:
        value = TELLING.get(change.kind, 0.0)
        if not value or (change.scope is not None and change.kind is not ChangeKind.ENCLOSING):
            continue
        if change.kind in NAMED or change.kind in (ChangeKind.SIBLING_ADDED, ChangeKind.DEFINITION_ADDED):
            word = change.old
        else:
            texts = change.anchors if change.kind is ChangeKind.LINES_ADDED else (change.old,)
            if change.replacement is not None and not change.replacement.old:
                texts = (" ".join(t.text for t in (*change.replacement.left, *change.replacement.right)),)
            named = [word for text in texts for word in words_in(text) if word not in MORE_KEYWORDS]
            word = max(named, key=len, default="")
        if len(word) > 2 and word not in MORE_KEYWORDS:
            scored[word] = max(scored.get(word, 0.0), value)
    return sorted(scored, key=lambda word: (-scored[word], -len(word)))[:MAX_WORDS]


def _files(path: str, users: Mapping[str, object], together: Mapping[str, float]) -> list[str]:
    """Other files to look into, the likeliest first."""
    scores: dict[str, float] = {}
    for place, paths in enumerate(users.values()):
        listed = list(paths) if isinstance(paths, (list, tuple)) else []
        for other in listed:
            scores[other] = scores.get(other, 0.0) + 1.0 / ((1 + place / 4) * log2(2 + len(listed)))
    folder = posixpath.dirname(path)
    for other in scores:
        scores[other] += 2.0 * together.get(other, 0.0) + 0.3 * (posixpath.dirname(other) == folder)
        scores[other] += 0.5 * (stem_of(other) == stem_of(path))
    for other, score in sorted(together.items(), key=lambda entry: -entry[1])[:MAX_RELATED_FILES]:
        scores.setdefault(other, 0.5 * score)
    scores.pop(path, None)
    return sorted(scores, key=lambda other: (-scores[other], other))[:MAX_FILES]
