"""Runs the checks of rules on a file: a search for text, and the syntax tree to tell code from comments and strings.

A check costs a search first; the file is parsed only when something was found. Patterns of our own making are plain and
linear; patterns that people write run in RE2, which is linear by construction.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from time import perf_counter

import re2
import tree_sitter
from pathspec import GitIgnoreSpec

from hunch_features.constraints.checked_file import CheckedFile, is_code, place_of, place_within
from hunch_features.constraints.constructs import QUERIES
from hunch_features.constraints.globs import alternatives
from hunch_features.constraints.ignores import ignored_rules
from hunch_features.constraints.linear import linear_pattern
from hunch_features.constraints.rule import (
    ForbidConstruct,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    RequireDocumented,
    RequireHeader,
    RequireIndent,
    RequireNaming,
    Rule,
)
from hunch_features.constraints.shapes import indents, lengths, names, undocumented
from hunch_features.constraints.unused import UNUSED_IMPORT, unused_imports
from hunch_features.syntax import SyntaxTree, grammar, language_of_path

MAX_BYTES = 1 << 20
MAX_PER_RULE = 100
"""Most violations of one rule that are told of one file."""
FILE_LIMIT_S = 1.0
"""Longest time for one file; rules after that are told as skipped."""

NOT_WRITTEN = (
    "**/*.min.js", "**/*.min.css", "**/*.map", "**/*.snap", "**/*.gen.*", "**/*.generated.*", "**/*_pb2.py",
    "**/*.pb.go", "**/*_mock.go", "**/mock_*.go", "**/generated/**", "**/__generated__/**", "**/__snapshots__/**",
    "**/snapshots/**", "**/fixtures/**",
    "**/__fixtures__/**", "**/testdata/**", "**/vendor/**", "**/third_party/**",
)  # fmt: skip
"""Files that are made by programs, or are what tests read: rules about code do not mean them, unless they say so."""


GENERATED = re.compile(r"@generated\b|\bcode generated\b[^\n]{0,200}\bdo not edit\b", re.IGNORECASE)
"""What generators write at the top of a file; the second is Go's convention (golang.org/s/generatedcode)."""
MADE_WITHIN = 1_000
"""Code points at the top of a file in which it may say so."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A place that breaks a rule: code points, 0-based lines and columns; `message` is one sentence."""

    rule: Rule
    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    message: str


def replacement(violation: Violation, text: str) -> str | None:
    """What to put in place of the text of a violation, where a rule names a replacement of the same shape."""
    check = violation.rule.check
    if not isinstance(check, ForbidReference) or len(check.names) != 1:
        return None
    good, bad = check.instead, check.names[0]
    plain = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\(\))?")
    if not plain.fullmatch(good) or not plain.fullmatch(bad) or good.endswith("()") != bad.endswith("()"):
        return None
    if re.fullmatch(r"[a-z_]\w*", good):
        return None  # `print` by `logging`: a module, an object, anything
    return good.removesuffix("()") if text == bad.removesuffix("()") else None


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking one file gave; `skipped` names rules that could not be run, and why.

    `tree`: the file's syntax, if a rule had to look at it: the next check of the file parses what changed since.
    """

    violations: tuple[Violation, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    tree: SyntaxTree | None = None


def applies(rule: Rule, path: str) -> bool:
    """Whether a rule speaks of a file at all: its folder, globs and languages."""
    if rule.check is None or rule.status != "enforced" or rule.kind == "process":
        return False
    if rule.folder and not PurePosixPath(path).is_relative_to(rule.folder):
        return False
    if rule.include and not globs_match(rule.include, path):
        return False
    if rule.exclude and globs_match(rule.exclude, path):
        return False
    if rule.kind == "source" and not rule.include and globs_match(NOT_WRITTEN, path):
        return False
    return not rule.languages or language_of_path(path) in rule.languages


def globs_match(globs: tuple[str, ...], path: str) -> bool:
    """Whether a path relative to the root fits one of some globs, read as git reads them, and with braces."""
    return _spec(globs).match_file(path)


@lru_cache(maxsize=512)
def _spec(globs: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(one for glob in globs for one in alternatives(glob))


def check_text(
    rules: Sequence[Rule],
    path: str,
    text: str,
    *,
    previous: SyntaxTree | None = None,
    clock: Callable[[], float] = perf_counter,
) -> Checked:
    """Check the text of one file (path relative to the root) against all rules that apply to it.

    `previous`: the tree that an earlier check of the file came to.
    """
    language = language_of_path(path) or ""
    file = CheckedFile(path, text, language, previous)
    found: list[Violation] = []
    skipped: list[tuple[str, str]] = []
    lines = text.split("\n")
    deadline = clock() + FILE_LIMIT_S
    by_program = GENERATED.search(text[:MADE_WITHIN]) is not None
    for rule in rules:
        if not applies(rule, path) or (by_program and rule.kind == "source" and not rule.include):
            continue
        if clock() > deadline:
            skipped.append((rule.id, f"{path} took longer than {FILE_LIMIT_S:.0f} s"))
            continue
        try:
            for count, (start, end, message) in enumerate(_run(rule, file)):
                if count >= MAX_PER_RULE:
                    skipped.append((rule.id, f"more than {MAX_PER_RULE} places in {path}"))
                    break
                violation = _violation(rule, file, start, end, message)
                if rule.id not in ignored_rules(lines, violation.line):
                    found.append(violation)
        except re2.error as error:
            skipped.append((rule.id, f"its pattern is not valid: {error}"))
    return Checked(tuple(found), tuple(skipped), file.tree_so_far)


def _run(rule: Rule, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    match rule.check:
        case ForbidReference():
            yield from _references(rule.check, file)
        case ForbidImport():
            yield from _imports(rule.check, file)
        case ForbidConstruct():
            yield from _constructs(rule.check, file)
        case ForbidText():
            yield from _texts(rule.check, file)
        case RequireHeader():
            if rule.check.text not in "\n".join(file.text.split("\n")[: rule.check.within_lines]):
                yield 0, 0, f"the header is missing: {rule.check.text}"
        case LimitLength():
            yield from lengths(rule.check, file)
        case RequireNaming():
            yield from names(rule.check, file)
        case RequireIndent():
            yield from indents(rule.check, file)
        case RequireDocumented():
            yield from undocumented(rule.check, file)


def _say(what: str, instead: str) -> str:
    return f"`{what}` is forbidden here{f': use `{instead}`' if instead else ''}"


@lru_cache(maxsize=1024)
def _reference_pattern(name: str) -> re.Pattern[str]:
    """Where a name may be used. `a.b` with blanks, `a.*`, `.method()`, `macro!`, a call of a lone word, a type."""
    macro = name.endswith("!")
    body = re.sub(r"\(.*\)$", "", name).rstrip("!")
    called = "(" in name
    pieces = re.split(r"(::|\?\.|\.)", body)
    text = r"\s*".join(
        r"(?:\?\.|\.)" if piece in (".", "?.") else r"\w+" if piece == "*" else re.escape(piece)
        for piece in pieces
        if piece
    )
    # What is called `forwardRef` or `find_all` is meant on whatever object; `print` and `open` are not.
    own = re.match(r"[A-Z]", body) or (len(pieces) == 1 and re.search(r"[a-z][A-Z]|[a-z0-9]_[a-z]", body))
    before = "" if body.startswith(".") else r"(?<![\w$])" if own else r"(?<![\w$.])"
    lone = not re.search(r"[.:]", body) and not re.match(r"[A-Z_$]", body) and not re.search(r"[a-z][A-Z]|_", body)
    after = r"\s*!" if macro else r"\s*\(" if called or lone else r"(?![\w$])"
    return re.compile(before + text + after)


@lru_cache(maxsize=1024)
def _words_of(name: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", name)) or (name,)


def _references(check: ForbidReference, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    for name in check.names:
        words = _words_of(name)
        # Most files hold no word of most rules; the words are counted for the first that one may break.
        longest = max(words, key=len)
        if not file.counted and longest not in file.text:
            continue
        counts = [file.words[word] if word[0].isalnum() or word[0] == "_" else file.text.count(word) for word in words]
        if not all(counts) or (check.unless_imported and _is_own(longest, file.text)):
            continue
        key = words[counts.index(min(counts))]
        for match in _near(_reference_pattern(name), key, file.text, starts=key == words[0] and name.startswith(key)):
            start = match.start() + match.group(0).startswith(".")
            nodes = file.around(start)
            if place_within(nodes) != "code" or _is_imported(nodes):
                continue
            if not _is_definition(nodes if start == match.start() else file.around(match.start())):
                end = match.end() - (match.group(0).endswith("("))
                yield match.start(), end, _say(name, check.instead)


def _is_own(name: str, text: str) -> bool:
    """Whether a file imports or declares a name itself, so that it is not the global one."""
    pattern = (
        rf"\bimport\b[^;'\"]{{0,2000}}\b{name}\b[^;'\"]{{0,2000}}\bfrom\b|\bfrom[ \t]+\S+[ \t]+import[^\n]*\b{name}\b"
        rf"|\b(?:const|let|var)\b[^=;\n]*\b{name}\b[^=;\n]*=|\b(?:function|def)[ \t]+{name}\b|^import[ \t]+{name}\b"
    )
    return re.search(pattern, text, re.MULTILINE) is not None


NEAR = 160
"""How far from its longest word a name may begin or end at least, in code points."""


def _near(pattern: re.Pattern[str], key: str, text: str, *, starts: bool) -> Iterator[re.Match[str]]:
    """Matches of a pattern that must contain `key`: looked for only where the word stands, which is much faster.

    `starts`: they begin with it.
    """
    near = max(NEAR, 2 * len(pattern.pattern))
    done = 0
    at = text.find(key)
    while at >= 0:
        # What follows the word is looked at up to there, and a little further for what must not follow.
        end = at + len(key) + near
        match = pattern.match(text, at, end) if starts else _around_word(pattern, text, max(done, at - near), at, end)
        if match is not None:
            yield match
            done = match.end()
        at = text.find(key, max(at + 1, done))


def _around_word(pattern: re.Pattern[str], text: str, start: int, at: int, end: int) -> re.Match[str] | None:
    """The first match within a part of a text that contains a place."""
    return next((match for match in pattern.finditer(text, start, end) if match.start() <= at < match.end()), None)


def _is_imported(nodes: Sequence[tree_sitter.Node]) -> bool:
    """Whether a place is within an import: what is done with the name is told where it is done."""
    return any(
        node.type.startswith(("import_statement", "import_from", "import_declaration", "use_decl")) for node in nodes
    )


def _is_definition(nodes: Sequence[tree_sitter.Node]) -> bool:
    """Whether the name at a place is being defined there, or is the name of an argument."""
    for node, parent in itertools.pairwise(nodes):
        if node.child_count:
            return False
        if re.search(r"definition|declaration|function_item|method|keyword_argument|parameter", parent.type):
            name = parent.child_by_field_name("name")
            return name is not None and name.id == node.id
    return False


IMPORT_PATTERNS = (
    r"^[ \t]*(?:from|import)[ \t]+{module}(?=[\s.,;]|$)",
    r"^[ \t]*import[ \t]+[\w., \t]*,[ \t]*{module}(?=[\s.,;]|$)",
    r"""(?:from|import|require\(|import\()\s*['"]{module}(?:/[^'"]*)?['"]""",
    r"""^[ \t]*(?:import[ \t]+)?(?:\w+[ \t]+)?"{module}(?:/[^"]*)?"[ \t]*$""",
    r"^[ \t]*(?:pub[ \t]+)?use[ \t]+(?:::)?{module}(?=::|;|[ \t])",
    r"^[ \t]*import[ \t]+(?:static[ \t]+)?{module}(?=[.;])",
    r"^[ \t]*#[ \t]*include[ \t]*[<\"]{module}[>\"]",
)
IMPORT_OF = {"go": (3,), "rust": (4,), "java": (5,), "python": (0, 1), "c": (6,), "cpp": (6,)}


@lru_cache(maxsize=1024)
def _import_pattern(module: str, language: str) -> re.Pattern[str]:
    chosen = IMPORT_OF.get(language, (2,))
    body = re.escape(module).replace(r"\*", r"[^'\"]*")
    return re.compile("|".join(IMPORT_PATTERNS[number].replace("{module}", body) for number in chosen), re.MULTILINE)


def _imports(check: ForbidImport, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    for module in check.modules:
        if max(module.split("*"), key=len) not in file.text:
            continue
        for match in _import_pattern(module, file.language).finditer(file.text):
            if check.names and not _names_one(check.names, file.text, match):
                continue
            start = match.start() + len(match.group(0)) - len(match.group(0).lstrip())
            if is_code(file, start):
                yield start, match.end(), _say(module, check.instead)


def _names_one(names: Sequence[str], text: str, match: re.Match[str]) -> bool:
    """Whether an import statement around a match brings in one of some names."""
    start = max(text.rfind("import", 0, match.start() + 1), text.rfind("from", 0, match.start() + 1), 0)
    line_end = text.find("\n", match.end())
    statement = text[start : match.end() if line_end < 0 else line_end]
    return any(re.search(rf"\b{re.escape(name)}\b", statement) for name in names)


@lru_cache(maxsize=256)
def _query(language: str, source: str) -> tree_sitter.Query | None:
    lexicon = grammar(language)
    return tree_sitter.Query(lexicon, source) if lexicon is not None else None


def _constructs(check: ForbidConstruct, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    if check.construct == UNUSED_IMPORT:
        yield from unused_imports(file)
        return
    source = QUERIES.get(check.construct, {}).get(file.language)
    query = _query(file.language, source) if source else None
    tree = file.tree if query is not None else None
    if query is None or tree is None:
        return
    captured = tree_sitter.QueryCursor(query).captures(tree.tree.root_node)
    skipped = {node.id for node in captured.get("skip", [])}
    for node in sorted(captured.get("x", []), key=lambda node: node.start_byte):
        if node.id in skipped:
            continue
        yield (
            file.offset(node.start_byte),
            file.offset(node.end_byte),
            _say(check.construct.replace("_", " "), check.instead),
        )


def _texts(check: ForbidText, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    matches = _literal(check.text, file.text) if check.text else _pattern(check.pattern, file.text)
    for start, end in matches:
        if check.where == "any" or place_of(file, start) == check.where:
            yield start, end, _say(file.text[start:end][:60], check.instead)


def _literal(needle: str, text: str) -> Iterator[tuple[int, int]]:
    at = text.find(needle)
    while at >= 0:
        yield at, at + len(needle)
        at = text.find(needle, at + len(needle))


def _pattern(pattern: str, text: str) -> Iterator[tuple[int, int]]:
    for match in linear_pattern(pattern).finditer(text):
        if match.end() > match.start():
            yield match.start(), match.end()


def _violation(rule: Rule, file: CheckedFile, start: int, end: int, message: str) -> Violation:
    return Violation(rule, file.path, *file.position(start), *file.position(end), message)
