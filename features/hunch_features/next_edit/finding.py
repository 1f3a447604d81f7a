"""Finds the lines that an edit may call for, in its own file and in others, within a bound of files and of time."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from math import log2

from hunch_features.memory.history.past import stem
from hunch_features.memory.walk import language_of
from hunch_features.next_edit.changes import changes
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.facts import add_facts
from hunch_features.next_edit.kinds import MORE_KEYWORDS, PAIRS, Change, ChangeKind
from hunch_features.next_edit.lines import same_anchor, same_block, same_removed
from hunch_features.next_edit.repeats import repeats
from hunch_features.next_edit.repository import Repository
from hunch_features.next_edit.sentences import TELLING
from hunch_features.next_edit.siblings import beside_definition, beside_sibling
from hunch_features.next_edit.source import Source, words_in
from hunch_features.next_edit.spots import Spot, Spots
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


def find(delta: Delta, repository: Repository, *, in_time: Callable[[], bool] = lambda: True) -> Found:
    """Spots with their facts. Files are read one by one while `in_time()` says that there is time."""
    made = changes(delta)
    spots = Spots()
    held = {change.old: holding(change, delta.after, delta.touched) for change in made if change.kind in NAMED}
    _look(made, delta.after, True, {}, held, delta.touched, spots)
    files_read = 0
    if made and in_time():
        users = repository.files_using(_words(made))
        together = repository.related(delta.edit.path)
        counts = {word: len(paths) for word, paths in users.items()}
        for path in _files(delta.edit.path, users, together):
            if not in_time():
                break
            text = repository.text(path)
            if text is None or len(text) > MAX_OTHER_CHARS:
                continue
            files_read += 1
            source = Source(path, language_of(path) or "plaintext", text)
            imports = {
                change.old: repository.imported_from(source, change.old) == delta.edit.path
                for change in made
                if change.at_definition or change.kind in PAIRS
                if change.old in text
            }
            _look(made, source, False, imports, held, frozenset(), spots)
        add_facts(spots.all(), delta, made, together, counts)
    else:
        add_facts(spots.all(), delta, made, {}, {})
    spots.combine()
    return Found(delta, made, spots.all(), files_read)


def _look(
    made: list[Change],
    source: Source,
    here: bool,
    imports: Mapping[str, bool],
    held: Mapping[str, float],
    touched: frozenset[int],
    spots: Spots,
) -> None:
    for change in made:
        if change.kind in NAMED and (here or _reaches_out(change)):
            uses(change, source, here, imports.get(change.old, False), held[change.old], touched, spots)
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
        scores[other] += 0.5 * (stem(other) == stem(path))
    for other, score in sorted(together.items(), key=lambda entry: -entry[1])[:MAX_RELATED_FILES]:
        scores.setdefault(other, 0.5 * score)
    scores.pop(path, None)
    return sorted(scores, key=lambda other: (-scores[other], other))[:MAX_FILES]
