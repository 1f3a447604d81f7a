"""What a code span of an instruction file names: a command, a module, a name in code, a path, a construct."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import Literal

SpanKind = Literal["command", "flag", "name", "module", "path", "construct", "directive", "snippet", "unknown"]

PROGRAMS = frozenset(
    {"ansible", "apt", "apt-get", "asdf", "aws", "az", "brew", "bun", "bundle", "bundler", "bunx", "cargo",
     "clang", "cmake", "composer", "conda", "corepack", "curl", "deno", "docker", "docker-compose", "dotnet",
     "eslint", "flake8", "fnm", "gcloud", "gem", "gh", "git", "go", "gofmt", "gradle", "gradlew", "helm",
     "jest", "just", "kubectl", "lerna", "make", "mise", "mocha", "mvn", "mypy", "nix", "node", "npm", "npx",
     "nvm", "nx", "pip", "pip3", "pipenv", "pipx", "playwright", "pnpm", "pnpx", "poetry", "prettier",
     "pre-commit", "psql", "pytest", "python", "python3", "rake", "rm", "ruff", "rustup", "sbt", "sed", "sh",
     "sudo", "swift", "task", "terraform", "tox", "tsc", "turbo", "uv", "uvx", "vite", "vitest", "volta",
     "wget", "wrangler", "yarn", "zig"}
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
    "!": "non_null_assertion",
}

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

FLAG_PROGRAMS = {"--no-verify": "git", "--force-with-lease": "git", "--amend": "git", "--no-gpg-sign": "git"}

_IDENTIFIER = r"[A-Za-z_$][\w$]*"
_NAME = re.compile(rf"^\.?{_IDENTIFIER}(?:(?:\.|::|\?\.){_IDENTIFIER}|(?:\.|::)\*)*[!]?(?:\(\s*(?:\.\.\.|…)?\s*\))?$")
_MODULE = re.compile(r"^(?:@[\w.-]+/)?[A-Za-z_][\w.-]*(?:[/.][\w.*-]+)*$")
_PATH = re.compile(r"^[\w.*@{},\[\]-]*(?:/[\w.*@{},\[\]-]*)+$|^[\w*-]+\.(?:[a-z0-9]{1,5}|lock|toml|yaml|json|lockb)$")
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
    bare = body.rstrip(".,;:")
    lowered = bare.lower()
    if any(directive in lowered for directive in DIRECTIVES):
        return Span("directive", bare)
    if verb in ("import", "importing", "depend on"):
        return Span("module", bare.strip("'\"")) if _MODULE.match(bare.strip("'\"")) else Span("unknown", bare)
    if bare in FLAG_PROGRAMS:
        return Span("flag", bare, FLAG_PROGRAMS[bare], (bare,))
    command = _command(bare, verb)
    if command is not None:
        return command
    construct = CONSTRUCTS.get(lowered.removesuffix("()")) if verb not in ("edit", "run") else None
    if construct:
        return Span("construct", construct)
    if verb in ("edit", "editing", "modify", "touch", "change", "commit"):
        return Span("path", bare) if _PATH.match(bare) else Span("unknown", bare)
    if _NAME.match(bare) and not _PATH_LIKE.match(bare):
        return Span("name", bare)
    if _PATH.match(bare):
        return Span("path", bare)
    if _SNIPPET.match(bare) and re.search(r"[=(){}<>:]", bare) and "..." not in bare and "…" not in bare:
        return Span("snippet", bare)
    return Span("unknown", bare)


_PATH_LIKE = re.compile(
    r"^[\w-]+\.(?:md|json|ya?ml|toml|lock|txt|tsx?|jsx?|mjs|cjs|py|rs|go|java|c|h|cpp|sh|css|html)$"
)


def _command(text: str, verb: str) -> Span | None:
    try:
        words = shlex.split(text)
    except ValueError:
        return None
    if not words:
        return None
    program = words[0].removeprefix("./")
    if program not in PROGRAMS:
        return None
    arguments = tuple(word for word in words[1:] if not re.fullmatch(r"\.\.\.|…|<[^>]*>|\[[^\]]*\]", word))
    if any(re.search(r"[|&;<>$]", word) for word in arguments):
        return None  # more than one command
    if not arguments and verb not in ("run", "running", "execute", "executing", "invoke", "use", "using", "call"):
        return None
    if not arguments and program in ("go", "just", "make", "node", "task", "sed", "sh") and verb.startswith("us"):
        return None  # also words of English, or languages
    return Span("command", text, program, arguments)
