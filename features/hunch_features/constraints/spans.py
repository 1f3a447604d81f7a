"""What a code span of an instruction file names: a command, a module, a name in code, a path, a construct."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

from hunch_features.constraints.phrases import LIBRARIES, MARK, TEXTS

SpanKind = Literal["command", "flag", "name", "module", "path", "construct", "text", "directive", "snippet", "unknown"]

PROGRAMS = frozenset(
    {"alembic", "ansible", "apt", "apt-get", "asdf", "awk", "aws", "az", "black", "brew", "bun", "bundle",
     "bundler", "bunx", "cargo", "cat", "chmod", "clang", "cmake", "composer", "conda", "corepack", "curl",
     "deno", "docker", "docker-compose", "dotnet", "eslint", "find", "firebase", "flake8", "fnm", "gcloud",
     "gem", "gh", "git", "go", "gofmt", "gradle", "gradlew", "grep", "helm", "isort", "jest", "just", "kill",
     "killall", "kubectl", "lerna", "make", "mise", "mocha", "mv", "mvn", "mypy", "nix", "node", "npm", "npx",
     "nvm", "nx", "pip", "pip3", "pipenv", "pipx", "pkill", "playwright", "pnpm", "pnpx", "poetry",
     "pre-commit", "prettier", "psql", "pylint", "pytest", "python", "python3", "rake", "rg", "rm", "ruff",
     "rustup", "sbt", "sed", "sh", "ssh", "sudo", "supabase", "swift", "task", "terraform", "tox", "ts-node",
     "tsc", "tsx", "turbo", "uv", "uvx", "vercel", "vite", "vitest", "volta", "webpack", "wget", "wrangler",
     "yarn", "zig"}
)  # fmt: skip

PACKAGE_MANAGERS = frozenset(
    {"npm", "yarn", "pnpm", "bun", "pip", "pip3", "uv", "poetry", "conda", "pipenv", "npx", "pnpx", "bunx"}
)  # fmt: skip

# Text of the span, without brackets at its end → construct. Only what is a construct in every reading.
CONSTRUCTS: dict[str, str] = {
    "any": "any_type",
    ": any": "any_type",
    "as any": "as_any",
    "export default": "default_export",
    "default export": "default_export",
    "export *": "wildcard_export",
    "as unknown as": "double_cast",
    "as unknown as t": "double_cast",
    "as any as t": "double_cast",
    "import *": "wildcard_import",
    "from x import *": "wildcard_import",
    "var": "var_declaration",
    "enum": "enum_declaration",
    "enums": "enum_declaration",
    "namespace": "namespace_declaration",
    "unsafe": "unsafe_block",
    "goto": "goto",
    "global": "global_statement",
    "except:": "bare_except",
    "except: pass": "bare_except",
    "bare except": "bare_except",
    "except exception": "broad_except",
    "except exception:": "broad_except",
    "!": "non_null_assertion",
    "==": "loose_equality",
    "interface": "interface_declaration",
    "null": "null_literal",
    "as": "type_cast",
    "assert": "assert_statement",
    "debugger": "debugger",
    "style={{}}": "inline_style",
    "style={{ }}": "inline_style",
    "style={{...}}": "inline_style",
    "style={{ ... }}": "inline_style",
    "str.format": "format_call",
    ".format": "format_call",
    "%": "percent_format",
    "for...in": "for_in",
    "for..in": "for_in",
    "for in": "for_in",
    "import * as": "namespace_import",
    "await import": "dynamic_import",
    "../": "parent_import",
    "import": "dynamic_import",
    "switch": "switch_statement",
    "try/catch": "try_statement",
    "try": "try_statement",
    "await": "await_expression",
    "const enum": "const_enum",
}

# Texts that are code in every place where they stand.
LITERALS = frozenset({"!important", "# type: ignore", "interface{}"})

# Comments that switch a tool off. Where they stand is always a comment.
DIRECTIVES = (
    "@ts-ignore",
    "@ts-expect-error",
    "@ts-nocheck",
    "eslint-disable",
    "type: ignore",
    "noqa",
    "nolint",
    "noinspection",
    "biome-ignore",
    "prettier-ignore",
    "pylint: disable",
    "pragma: no cover",
    "istanbul ignore",
    "rubocop:disable",
    "oxlint-disable",
)

EDITS = frozenset({"edit", "modify", "touch", "change", "commit"})
"""Verbs whose objects are files."""

FLAG_PROGRAMS = {"--no-verify": "git", "--force-with-lease": "git", "--amend": "git", "--no-gpg-sign": "git"}

_IDENTIFIER = r"[A-Za-z_$][\w$]*"
_NAME = re.compile(rf"^\.?{_IDENTIFIER}(?:(?:\.|::|\?\.){_IDENTIFIER}|(?:\.|::)\*)*[!]?(?:\(\s*(?:\.\.\.|…)?\s*\))?$")
_MODULE = re.compile(r"^(?:@[\w.-]*/|~/|#/)?[A-Za-z_*][\w.*-]*(?:[/.][\w.*-]+)*$")
_IMPORT = re.compile(r"""^import\s+(?:\.\.\.|…|\*|[\w{}, ]+\.\.\.[\w{}, ]*)\s+from\s+['"]([^'"]+)['"]$""")
_EXTENSION = re.compile(r"^\.(?:m?[jt]sx?|json[c5]?|ya?ml|toml|mdx?|py|rs|go|css|scss|html|env|txt|lock)$")
_TAG = re.compile(r"^</?([A-Za-z][\w.-]*)\s*/?>$")
_GENERIC = re.compile(r"^([A-Z][A-Za-z]+)(?:\[.*\]|<[\w, ]*>)$")
_SCOPED = re.compile(r"^@[\w-][\w.-]*/[\w.-]+(?:/[\w.*-]+)*$")
_PATH = re.compile(
    r"^[\w.*@{},\[\]-]*(?:/[\w.*@{},\[\]-]*)+$|^[\w.*-]+\.(?:[a-z0-9]{1,5}|lock|toml|yaml|json|"
    r"lockb)$|^\.[\w.*-]+$"
)
_SNIPPET = re.compile(r"^[\x20-\x7e]{2,80}$")


@dataclass(frozen=True, slots=True)
class Span:
    """A code span and what it names. `words` of a command are its arguments."""

    kind: SpanKind
    text: str
    program: str = ""
    words: tuple[str, ...] = ()


def classify(text: str, *, verb: str = "") -> Span:
    """What a span names, given the verb that governs it (`run`, `import`, `edit`, `use`, …)."""
    body = text.strip()
    if body.startswith(MARK):
        return Span("text" if body[1:] in TEXTS else "construct", body[1:])
    body = re.sub(r"\s+(?:\.\.\.|…)$", "", body)
    bare = re.sub(r"(?<=\S)[.,;:]+$", "", body)  # the dot of `git add .` stays
    if bare in ("TODO", "FIXME"):
        return Span("text", bare.lower())
    lowered = bare.lower()
    if bare in LITERALS:
        return Span("snippet", bare)
    if any(directive in lowered for directive in DIRECTIVES):
        return Span("directive", bare)
    if verb in ("import", "importing", "depend on") and not re.match(r"^(?:import|from)\s|^\./|.*/$|^\*", bare):
        return Span("module", bare.strip("'\"")) if _MODULE.match(bare.strip("'\"")) else Span("unknown", bare)
    if bare in FLAG_PROGRAMS:
        return Span("flag", bare, FLAG_PROGRAMS[bare], (bare,))
    if verb in EDITS:
        return Span("path", bare) if _PATH.match(bare) else Span("unknown", bare)
    command = _command(bare, verb)
    if command is not None:
        return command
    if _EXTENSION.match(bare):
        return Span("unknown", bare)
    if imported := _IMPORT.match(bare):
        return Span("module", imported.group(1))
    # `Any` is a name of Python, `any` a type of TypeScript.
    construct = _construct(lowered if bare == lowered or " " in bare else bare, verb)
    if construct:
        return Span("construct", construct)
    if lowered in LIBRARIES and verb not in ("call", "invoke"):
        return Span("module", lowered)
    return _code(bare)


_NO_SNIPPET = re.compile(
    r"\.\.\.|…|\{\s*\}|\*\*|^[\w\s./-]+(?:->|→)[\w\s./-]+$|^[\w.-]+/[\w.-]+/|\b(?:[Ff]oo|[Bb]ar|[Bb]az)\b"
)
"""Gaps, paths with alternatives, and names that stand for others."""


def _construct(text: str, verb: str) -> str | None:
    if text == "import" or (text == "assert" and verb not in ("use", "write")):
        return None  # `import()` loads; `import` alone is the keyword of all imports
    return CONSTRUCTS.get(text.removesuffix("()")) if verb not in ("edit", "run") else None


def _code(text: str) -> Span:
    if tag := _TAG.match(text):
        return Span("snippet", f"<{tag.group(1)}")
    if generic := _GENERIC.match(text):
        # `Optional[X]` is what the name is for; `Array<T>` is one use of many.
        return Span("snippet", f"{generic.group(1)}<") if text.endswith(">") else Span("name", generic.group(1))
    if _NAME.match(text) and not _PATH_LIKE.match(text):
        return Span("name", text)
    if _SCOPED.match(text) or re.fullmatch(r"node:[a-z_]+(?:/[a-z_]+)*", text):
        return Span("module", text)
    if _PATH.match(text):
        return Span("path", text)
    if re.fullmatch(r"new\s+[A-Z]\w*", text):
        return Span("snippet", text)
    if _SNIPPET.match(text) and re.search(r"[=(){}<>:]", text) and not _NO_SNIPPET.search(text):
        return Span("snippet", text)
    return Span("unknown", text)


_PATH_LIKE = re.compile(
    r"^[\w-]+\.(?:md|json|ya?ml|toml|lock|txt|tsx?|jsx?|mjs|cjs|py|rs|go|java|c|h|cpp|sh|css|html)$"
)


_RUN = re.compile(r"^[a-z][a-z0-9_-]+(?:\s+[\w./:@=-]+)+$")
"""What is surely a command where it is said to be run: a program with arguments."""


def _command(text: str, verb: str) -> Span | None:
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words:
        return None
    program = words[0].removeprefix("./")
    run = verb in ("run", "running", "execute", "executing")
    if program not in PROGRAMS and not (run and len(words) > 1 and _RUN.match(text)):
        return None
    arguments = tuple(word for word in words[1:] if not re.fullmatch(r"\.\.\.|…|<[^>]*>|\[[^\]]*\]", word))
    if any(re.search(r"[|&;<>$]", word) for word in arguments):
        return None  # more than one command
    if not arguments and verb not in ("run", "running", "execute", "executing", "invoke", "use", "using", "call"):
        return None
    if not arguments and program in ("go", "just", "make", "node", "task", "sed", "sh") and verb.startswith("us"):
        return None  # also words of English, or languages
    return Span("command", text, program, arguments)
