"""`.hunch/rules.toml`: the rules of a repository as people review, edit, pin, silence and add to them.

An entry whose id is that of a compiled rule changes that rule: only the keys that it has. Entries that `hunch rules
compile` wrote carry `made`, a hash of what was written: while it fits nobody has edited them, and they follow their
sentence. Entries with an id of their own are rules written by hand.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import re2

from hunch_features.constraints.linear import linear_pattern
from hunch_features.constraints.rule import Check, CheckMessage, ForbidText, Place, Rule, Severity, Status, kind_of

PATH = ".hunch/rules.toml"
MAX_BYTES = 512 * 1024
MAX_RULES = 2_000
MAX_PROBLEMS = 20
WRITTEN: tuple[Status, ...] = ("enforced", "unsupported")
"""What `compile` writes down: checks to review, and clear sentences that somebody could write a check for."""

HEADER_LINE = re.compile(r"^\s*\[\[\s*rule\s*\]\]", re.MULTILINE)
_OWN = ("status", "severity", "include", "exclude", "languages", "check", "folder")
Short = Annotated[str, msgspec.Meta(max_length=2_000)]
Globs = Annotated[tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=500)], ...], msgspec.Meta(max_length=200)]


class Entry(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """One `[[rule]]`; what is None is not said there."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
    text: Short | None = None
    source: Short | None = None
    status: Status | None = None
    severity: Severity | None = None
    note: Short | None = None
    folder: Short | None = None
    include: Globs | None = None
    exclude: Globs | None = None
    languages: Globs | None = None
    pin: bool = False
    made: Short | None = None
    origin: Literal["model"] | None = None
    """`model`: `hunch rules compile --with-model` wrote the check."""
    check: Check | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong in the file, in one line; `line` counts from 1."""

    line: int
    what: str

    def __str__(self) -> str:
        return f"{PATH}:{self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class RulesFile:
    """Entries with the lines that they stand on. An entry with a problem is left out."""

    entries: tuple[tuple[Entry, int], ...] = ()
    problems: tuple[Problem, ...] = ()


def read_rules_file(root: Path) -> RulesFile:
    """Read the file of a root; an empty result where there is none. Never raises for what stands in it."""
    path = root / PATH
    try:
        if not path.exists():
            return RulesFile()
        if not path.resolve(strict=True).is_relative_to(root.resolve()):
            return _wrong("leads out of the repository")
        if path.stat().st_size > MAX_BYTES:
            return _wrong(f"larger than {MAX_BYTES // 1024} KiB")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return _wrong("not UTF-8")
    except (OSError, RuntimeError) as error:
        return _wrong(f"cannot be read: {getattr(error, 'strerror', None) or error}")
    return parse_rules(text)


def _wrong(what: str) -> RulesFile:
    return RulesFile(problems=(Problem(1, what),))


def parse_rules(text: str) -> RulesFile:
    """Entries and problems of the file's text."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        return RulesFile(problems=(Problem(line, f"not TOML: {str(error).split(' (at ')[0]}"),))
    except RecursionError:
        return _wrong("nested too deeply")
    tables = data.get("rule", [])
    extra = sorted(set(data) - {"rule"})
    if extra or not isinstance(tables, list):
        return _wrong(
            f"unknown key `{extra[0][:60]}`; rules are [[rule]] tables" if extra else "`rule` must be [[rule]]"
        )
    if len(tables) > MAX_RULES:
        return _wrong(f"more than {MAX_RULES} rules")
    # Tables can be written in a way that has no header line; those are told of by the last line that is known.
    lines = [text.count("\n", 0, match.end()) + 1 for match in HEADER_LINE.finditer(text)] or [1]
    entries: list[tuple[Entry, int]] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for number, table in enumerate(tables):
        line = lines[min(number, len(lines) - 1)]
        try:
            entry = _entry(table)
            if entry.id in seen:
                raise ValueError(f"the id {entry.id} stands here twice")
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(Problem(line, str(error)[:300]))
            continue
        seen.add(entry.id)
        entries.append((entry, line))
    return RulesFile(tuple(entries), tuple(problems[:MAX_PROBLEMS]))


def _entry(table: Any) -> Entry:
    """Raises ValueError, of which msgspec's ValidationError is one, with what is wrong."""
    entry = msgspec.convert(table, Entry)
    if entry.check is not None:
        known = {field.encode_name for field in msgspec.structs.fields(entry.check)} | {"type"}
        unknown = sorted(set(table["check"]) - known)
        if unknown:
            raise ValueError(f"unknown key `{unknown[0][:60]}` in the check; it may have {', '.join(sorted(known))}")
        problem = pattern_problem(entry.check) if isinstance(entry.check, ForbidText | CheckMessage) else ""
        if problem:
            raise ValueError(problem)
    return entry


def pattern_problem(check: ForbidText | CheckMessage) -> str:
    """Why a text or pattern cannot be looked for; empty when it can."""
    if isinstance(check, CheckMessage):
        if not (check.forbid or check.require or check.subject_most):
            return "a check_message check needs `forbid`, `require` or `subject_most`"
        return next((problem for one in (check.forbid, check.require) if one and (problem := _re2_problem(one))), "")
    if bool(check.text) == bool(check.pattern):
        return "a forbid_text check needs either `text` or `pattern`"
    return _re2_problem(check.pattern) if check.pattern else ""


def _re2_problem(pattern: str) -> str:
    try:
        linear_pattern(pattern)
    except re2.error as error:
        return f"the pattern is not valid in RE2: {error}"
    return ""


def merged(rules: Sequence[Rule], file: RulesFile) -> tuple[list[Rule], list[tuple[str, str]]]:
    """Compiled rules with the file's changes, then those written by hand; and what could not be used, with why."""
    skipped = [(f"{PATH}:{problem.line}", problem.what) for problem in file.problems]
    by_id = {entry.id: (entry, line) for entry, line in file.entries}
    compiled = {rule.id for rule in rules}
    by_hand = [entry for entry, _ in file.entries if entry.id not in compiled and entry.check is not None]
    result: list[Rule] = []
    for rule in rules:
        if rule.id not in by_id and any(_stands_for(entry, rule) for entry in by_hand):
            continue
        entry, _ = by_id.pop(rule.id, (None, 0))
        if entry is None or (is_unedited(entry) and not holds_proposal(entry, rule)):
            result.append(rule)
        else:
            result.append(_changed(rule, entry))
    for entry, line in by_id.values():
        if is_unedited(entry):
            continue  # its sentence is gone or says something else now
        if entry.check is None and entry.text and entry.status == "advisory":
            rule = Rule(entry.id, "semantic", "advisory", entry.text, Place(PATH, line), why="a habit, not checked")
            result.append(_changed(rule, entry))
            continue
        if entry.check is None or not entry.text:
            if entry.check is not None or not entry.made:
                skipped.append(
                    (f"{PATH}:{line}", f"no sentence has the id {entry.id}; a new rule needs `text`, `check`")
                )
            continue
        base = Rule(entry.id, kind_of(entry.check), "enforced", entry.text, Place(PATH, line))
        result.append(_changed(base, entry))
    return result, skipped


def _stands_for(entry: Entry, rule: Rule) -> bool:
    """Whether a rule written by hand takes the place of a compiled one, so that no breach is told twice.

    It does with the same check in the same places, and with a check of the same type for the same sentence.
    """
    if rule.check is None or entry.check is None or is_unedited(entry):
        return False
    scope = (entry.folder or "", entry.include or (), entry.exclude or (), entry.languages or ())
    if entry.check == rule.check and scope == (rule.folder, rule.include, rule.exclude, rule.languages):
        return True
    place = f"{rule.source.path}:{rule.source.line}"
    same = entry.source == place or _plain(entry.text or "") == _plain(rule.text)
    return same and type(entry.check) is type(rule.check)


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w@/.*-]+", text.lower()))


def _changed(rule: Rule, entry: Entry) -> Rule:
    given = {
        name: value
        for name in ("status", "severity", "folder", "include", "exclude", "languages", "check")
        if (value := getattr(entry, name)) is not None
    }
    changed = msgspec.structs.replace(rule, **given, origin="model" if is_proposal(entry) else "")
    if entry.check is not None:
        changed = msgspec.structs.replace(changed, kind=kind_of(entry.check))
    if changed.check is None and changed.status == "enforced":
        changed = msgspec.structs.replace(changed, status="unsupported")
    if changed.status != "enforced":
        return msgspec.structs.replace(changed, why=entry.note or rule.why or f"set in {PATH}")
    return msgspec.structs.replace(changed, why="")


def is_unedited(entry: Entry) -> bool:
    """Whether `compile` wrote the entry and nobody changed it since."""
    if entry.made is None or entry.pin or (entry.note is not None and entry.origin is None):
        return False
    return entry.made == _hash(entry)


def is_proposal(entry: Entry) -> bool:
    """Whether the entry is what a model proposed, and nobody has changed it since."""
    return entry.origin == "model" and is_unedited(entry)


def holds_proposal(entry: Entry, rule: Rule) -> bool:
    """Whether a model's proposal speaks for a sentence: as long as no pattern gives that a check."""
    return is_proposal(entry) and rule.check is None


def _hash(entry: Entry) -> str:
    names = (*_OWN, "note", "origin") if entry.origin else _OWN
    own = {name: msgspec.to_builtins(getattr(entry, name)) for name in names if getattr(entry, name) is not None}
    return hashlib.sha256(msgspec.json.encode(own, order="sorted")).hexdigest()[:8]


def entry_of(rule: Rule) -> Entry:
    """What `compile` writes for a rule."""
    entry = Entry(
        rule.id,
        text=rule.text,
        source=f"{rule.source.path}:{rule.source.line}",
        status=rule.status,
        severity=rule.severity if rule.check is not None else None,
        folder=rule.folder or None,
        include=rule.include or None,
        exclude=rule.exclude or None,
        languages=rule.languages or None,
        note=(rule.why or None) if rule.origin else None,
        origin=rule.origin or None,
        check=rule.check,
    )
    return msgspec.structs.replace(entry, made=_hash(entry))


def table_of(entry: Entry) -> Mapping[str, Any]:
    """An entry as plain data, in the order in which it is written; the check comes last, being a table of its own."""
    data: dict[str, Any] = msgspec.to_builtins(entry)
    check = data.pop("check", None)
    return {**data, "check": check} if check is not None else data
