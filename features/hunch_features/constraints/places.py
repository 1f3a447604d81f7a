"""Rules about files: generated ones that are not edited, boundaries of imports, where tests lie, and names."""

from __future__ import annotations

import re

import msgspec

from hunch_features.constraints.found import Found
from hunch_features.constraints.phrases import LIBRARIES
from hunch_features.constraints.rule import (
    Check,
    ForbidCycles,
    ForbidDependency,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    KeepLayers,
    RequirePlace,
    RequireTogether,
)
from hunch_features.constraints.scopes import LIST, SPAN, numbers_of
from hunch_features.constraints.spans import classify
from hunch_features.constraints.tidying import tidied
from hunch_features.constraints.wording import NEVER, RATHER_NOT

GENERATED = (
    "**/generated/**", "**/__generated__/**", "**/*.generated.*", "**/*.gen.*", "**/*_generated.*", "**/*_pb2.py",
    "**/*_pb2_grpc.py", "**/*.pb.go", "**/zz_generated*",
)  # fmt: skip
"""Names that generators give to their files."""
LOCKFILES = (
    "**/package-lock.json", "**/pnpm-lock.yaml", "**/yarn.lock", "**/bun.lock", "**/bun.lockb", "**/Cargo.lock",
    "**/poetry.lock", "**/uv.lock", "**/Pipfile.lock", "**/composer.lock", "**/Gemfile.lock", "**/go.sum",
)  # fmt: skip
VENDORED = ("**/vendor/**", "**/third_party/**", "**/node_modules/**")
PACKAGES = frozenset(
    {"angular", "axum", "bottle", "celery", "click", "django", "electron", "express", "fastapi", "fastify", "flask",
     "hono", "koa", "nestjs", "next", "nuxt", "preact", "pydantic", "pygls", "react", "react-dom", "rich", "solid-js",
     "sqlalchemy", "starlette", "svelte", "tokio", "torch", "tornado", "typer", "vscode", "vue"}
)  # fmt: skip
"""Names that are surely packages, and no folder of a repository."""
TEST_FILES = ("**/test_*.py", "**/*_test.py", "**/*_test.go", "**/*.test.*", "**/*.spec.*")
"""Names that only test files have."""

_EDIT = r"(?:hand-?|manually\s+|directly\s+|ever\s+)*(?:edit|modify|touch|change|alter|update|overwrite)(?:ing)?"
_BY_HAND = r"(?:\s+(?:it|them|these|this|those|any|directly|manually|by\s+hand|yourself|in\s+place|files?|at\s+all))*"
_GROUPS = (
    (
        re.compile(
            r"(?:any\s+|other\s+|all\s+)*(?:auto-?)?generated(?:\s+(?:proto(?:buf)?|grpc|graphql|source|api|client|sdk|type|"
            r"python|go|rust|java|typescript|javascript|ts|js|code)){0,2}(?:\s+(?:files?|code|artifacts?|sources?|types|"
            r"output|bindings?|clients?|stubs?|sdks?))?"
        ),
        GENERATED,
    ),
    (re.compile(r"lock(?:-?\s?files?)?"), LOCKFILES),
    (
        re.compile(r"vendor(?:ed)?(?:\s+(?:files?|code|dependencies|director(?:y|ies)))?|third[- ]party\s+code"),
        VENDORED,
    ),
)
_EDIT_GROUP = re.compile(
    rf"^(?P<not>{NEVER}|{RATHER_NOT}|no)\s+{_EDIT}\s+(?:any\s+|"
    rf"the\s+)?(?P<what>[a-z][a-z\- ]+?){_BY_HAND}(?:\s*(?:[-–—;:(.]|,\s+(?:they|it|run|use|regenerate)).*)?$",
    re.IGNORECASE,
)
_GENERATED_AT = re.compile(
    rf"^(?P<subject>(?:(?:all|the|any)\s+)?(?:\w+\s+){{0,3}}(?:in|under|inside|"
    rf"within)\s+)?(?P<objects>{LIST})(?:\s+(?:director(?:y|ies)|folders?|files?))?"
    rf"(?:\s*[-–—:(]\s*|\s+(?:is|"
    rf"are)\s+)(?:[^⟦.]{{0,60}}?\b)?(?:(?:auto-?)?(?:-?generated)|deprecated|vendored|frozen|legacy)\b[^.;]*?[,;:.–—-]+\s*"
    rf"(?:so\s+|and\s+|please\s+)?(?:{NEVER}|{RATHER_NOT})\s+"
    rf"{_EDIT}{_BY_HAND}\)?(?P<tail>(?:\s*[-–—;:,.()].*)?)$",
    re.IGNORECASE,
)
_EDIT_UNDER = re.compile(
    rf"^(?P<not>{NEVER}|{RATHER_NOT})\s+{_EDIT}\s+(?:any\s+|the\s+)?(?:[a-z-]+\s+){{0,3}}(?:in|under|inside|"
    rf"within|below)\s+(?:the\s+)?"
    rf"(?P<objects>{LIST})(?P<tail>{_BY_HAND}(?:\s*[-–—;:(.].*)?)$",
    re.IGNORECASE,
)
_IMPORTS = re.compile(
    rf"^(?:code\s+in\s+|files\s+in\s+|modules\s+in\s+|anything\s+in\s+|the\s+)?(?P<sources>{LIST})(?:\s+(?:code|"
    rf"layer|crates?|packages?|modules?))?\s+(?:{NEVER}|should\s+not|should\s+never|cannot)\s+"
    r"(?:directly\s+)?(?:imports?|depends?\s+on|references?)(?:\s+(?:anything\s+|code\s+|"
    r"directly\s+)?from)?\s+(?:the\s+)?"
    rf"(?P<targets>{LIST})(?P<tail>.*)$",
    re.IGNORECASE,
)
_ONE_WAY = re.compile(
    rf"^(?:[a-z' ]*\b)?(?:imports?|dependenc(?:y|ies)|depend)\b[^⟦]{{0,60}}:?\s*(?P<layers>{SPAN}(?:\s*(?:→|->|➜|"
    rf"=>)\s*{SPAN})+)(?:\s*\([^)]*\))?$",
    re.IGNORECASE,
)
_TESTS_IN = re.compile(
    r"^(?:(?:place|put|keep|store|add)\s+(?:all\s+|new\s+)*tests?(?:\s+files?)?|(?:all\s+|"
    r"new\s+)*tests?(?:\s+files?)?\s+(?:(?:must|should)\s+)?"
    r"(?:live|lives|go|goes|belong|belongs|reside|be\s+(?:placed|put|located|kept)|are\s+(?:placed|located|kept)))\s+"
    rf"(?:in|under|inside)\s+(?:the\s+|each\s+package['’]s\s+|a\s+)?(?P<places>{SPAN}(?:\s+(?:or|"
    rf"and)\s+{SPAN})*)"
    r"(?:\s*\([^)]*\))?(?P<tail>,.*)?$",
    re.IGNORECASE,
)
_TESTS_NAMED = re.compile(
    rf"^(?:all\s+)?(?:unit\s+|vitest\s+|jest\s+)?tests?(?:\s+files?)?\s+(?:(?:must|should|always)\s+)*(?:use|"
    rf"uses|be|are|end\s+(?:with|in)|have|be\s+written)\s+"
    rf"(?:named\s+|called\s+|written\s+|with\s+|in\s+)*(?:the\s+)?(?P<good>{SPAN})(?:\s+(?:extension|suffix|"
    rf"naming|pattern|files?|format|convention))*"
    rf"(?:\s*[,(]\s*(?:not|never|instead\s+of|rather\s+than)\s+(?P<bad>{SPAN})\)?)?$",
    re.IGNORECASE,
)
_TESTS_OUTSIDE = re.compile(
    rf"^(?:{NEVER}|{RATHER_NOT})\s+(?:put(?:ting)?|plac(?:e|ing)|add(?:ing)?|creat(?:e|ing)|writ(?:e|ing)|keep(?:ing)?)\s+"
    rf"(?:any\s+|new\s+)*tests?(?:\s+files?)?\s+outside(?:\s+of)?\s+(?:the\s+)?(?P<places>{SPAN})"
    r"(?:\s+(?:director(?:y|ies)|folders?|structure))?(?P<tail>\s*[-–—:(,].*)?$",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"^\*{0,2}/?\*?(?P<suffix>[._](?:test|spec)\.(?:\w+|\{[\w,]+\}))$")
_CONDITIONAL = re.compile(r"\b(?:unless|except(?!ion)|if|when|only|but|without)\b", re.IGNORECASE)


def found_of(text: str, spans: tuple[str, ...]) -> Found | None:
    """The check of a sentence about files; None where no pattern covers the whole of it."""
    text = tidied(text).text
    return (
        _cycles(text)
        or _edits(text, spans)
        or _boundary(text, spans)
        or _layers(text, spans)
        or _tests(text, spans)
        or _names(text, spans)
    )


_CYCLES = re.compile(
    rf"^(?:{NEVER}|{RATHER_NOT}|no)\s+(?:introduc(?:e|ing)\s+|creat(?:e|ing)\s+|hav(?:e|ing)\s+|add(?:ing)?\s+|allow\s+)?(?:any\s+|new\s+)*"
    r"(?:circular|cyclic)\s+(?:dependenc(?:y|ies)|imports?|references)(?:\s+(?:between|among|across)\s+(?:modules|files|packages))?(?:\s*[-–—(:,;].*)?$",
    re.IGNORECASE,
)


def _cycles(text: str) -> Found | None:
    match = _CYCLES.match(text)
    if match is None or _CONDITIONAL.search(text):
        return None
    return Found(ForbidCycles(), re.match(rf"{RATHER_NOT}\b", text, re.IGNORECASE) is None)


def glob(path: str) -> str:
    """The glob of a path as people write it: `dist/` is a folder anywhere, `src/api` a folder at its place."""
    path = path.removeprefix("./").lstrip("/")
    if path.endswith("/"):
        return f"{path}**" if "/" in path[:-1] else f"**/{path}**"
    if "/" not in path:
        return f"**/{path}"
    last = path.rsplit("/", 1)[-1]
    return path if "." in last or "*" in last else f"{path}/**"


def rooted(folder: str, path: str) -> str:
    """A path of a file that speaks for a folder, as seen from the root: people spell it from there as well."""
    if not folder or path.startswith(f"{folder}/"):
        return path
    top = folder.partition("/")[0]
    return path if path.startswith(f"{top}/") and not path.startswith(f"{top}/**") else f"{folder}/{path}"


def from_root(folder: str, check: Check) -> Check:
    """A check with its paths as seen from the root, where the file that demands it stands in a folder."""
    if not folder:
        return check

    def whole(globs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one if one.startswith("**/") else rooted(folder, one) for one in globs)

    match check:
        case ForbidDependency():
            return msgspec.structs.replace(check, sources=whole(check.sources), targets=whole(check.targets))
        case KeepLayers():
            return msgspec.structs.replace(check, layers=whole(check.layers))
        case RequirePlace():
            return msgspec.structs.replace(check, places=whole(check.places))
        case ForbidFile():
            return msgspec.structs.replace(check, paths=whole(check.paths))
        case RequireTogether():
            return msgspec.structs.replace(check, changed=whole(check.changed), also=whole(check.also))
    return check


def folder_glob(name: str) -> str:
    """The glob of a folder or package that is named without a slash."""
    return glob(name) if "/" in name else f"**/{name.replace('.', '/')}/**"


def _edits(text: str, spans: tuple[str, ...]) -> Found | None:
    group = _EDIT_GROUP.match(text)
    if group is not None and not _CONDITIONAL.search(text):
        words = " ".join(group.group("what").lower().split())
        for pattern, globs in _GROUPS:
            if pattern.fullmatch(words):
                return Found(ForbidEdit(globs), "avoid" not in group.group("not").lower())
    for match in (_GENERATED_AT.match(text), _EDIT_UNDER.match(text)):
        if match is None or _CONDITIONAL.search(match.group("tail") or ""):
            continue
        names = [classify(spans[number], verb="edit") for number in numbers_of(match.group("objects"))]
        if all(name.kind == "path" for name in names):
            inside = bool(match.groupdict().get("subject")) or match.re is _EDIT_UNDER
            return Found(ForbidEdit(tuple(_inside(name.text) if inside else glob(name.text) for name in names)))
    return None


def _inside(path: str) -> str:
    return glob(path if path.endswith("/") or "*" in path else f"{path}/")


def _boundary(text: str, spans: tuple[str, ...]) -> Found | None:
    match = _IMPORTS.match(text)
    if (
        match is None
        or _CONDITIONAL.search(match.group("tail"))
        or not re.match(r"^(?:$|\s*[-–—:;(,.])", match.group("tail"))
    ):
        return None
    sources = [spans[number] for number in numbers_of(match.group("sources"))]
    targets = [spans[number] for number in numbers_of(match.group("targets"))]
    if not all(re.fullmatch(r"@?[\w.*/-]+", name) for name in (*sources, *targets)):
        return None
    if not any("/" in name for name in (*sources, *targets)) and not all(
        re.fullmatch(r"[a-z_]\w*", name) for name in sources
    ):
        return None
    if all(target in PACKAGES or target.lower() in LIBRARIES or target.startswith("@") for target in targets):
        return Found(ForbidImport(tuple(targets)), include=tuple(map(folder_glob, sources)))
    return Found(ForbidDependency(tuple(map(folder_glob, sources)), tuple(map(folder_glob, targets))))


def _layers(text: str, spans: tuple[str, ...]) -> Found | None:
    match = _ONE_WAY.match(text)
    names = [spans[number] for number in numbers_of(match.group("layers"))] if match else []
    if len(names) < 2 or not all(re.fullmatch(r"[\w.*/-]+", name) for name in names):
        return None
    return Found(KeepLayers(tuple(map(folder_glob, names))))


def _tests(text: str, spans: tuple[str, ...]) -> Found | None:
    match = _TESTS_IN.match(text) or _TESTS_OUTSIDE.match(text)
    if match is None or _CONDITIONAL.search(match.group("tail") or ""):
        return None
    names = [spans[number] for number in numbers_of(match.group("places"))]
    if not all(
        re.fullmatch(r"[\w./-]+/?", name) and ".." not in name and "/" in name and "." not in name.strip("./")
        for name in names
    ):
        return None
    return Found(RequirePlace(TEST_FILES, tuple(_inside(name) for name in names)))


def _names(text: str, spans: tuple[str, ...]) -> Found | None:
    match = _TESTS_NAMED.match(text)
    if match is None:
        return None
    good = _SUFFIX.match(spans[numbers_of(match.group("good"))[0]])
    if good is None:
        return None
    suffix = good.group("suffix")
    other = suffix.replace("test.", "spec.") if "test." in suffix else suffix.replace("spec.", "test.")
    if match.group("bad"):
        bad = _SUFFIX.match(spans[numbers_of(match.group("bad"))[0]])
        if bad is None:
            return None
        other = bad.group("suffix")
    if other.startswith("_"):
        return None
    return Found(ForbidFile((f"**/*{other}",), f"*{suffix}"))
