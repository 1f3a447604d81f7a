"""From the objects of a demand to checks: one for each kind of thing, all understood or none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from hunch_features.constraints.phrases import LIBRARIES, MARK, TEXTS
from hunch_features.constraints.places import folder_glob, glob, rooted
from hunch_features.constraints.rule import (
    Check,
    ForbidCommand,
    ForbidConstruct,
    ForbidDependency,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    ForbidReference,
    ForbidText,
)
from hunch_features.constraints.sentences import Demand
from hunch_features.constraints.spans import EDITS, PACKAGE_MANAGERS, Span, classify

FUNCTIONS = frozenset(
    {"alert", "atob", "breakpoint", "dbg", "describe", "eval", "exec", "execfile", "fetch", "getattr",
     "globals", "hasattr", "it", "test",
     "locals", "print", "printf", "println", "require", "setattr", "setInterval", "setTimeout", "sprintf", "strcpy"}
)  # fmt: skip
"""Lone lower-case words that are surely functions."""
METHODS = frozenset({"unwrap", "expect", "unwrap_or_default", "forEach"})
"""Words that name a method of whatever stands in front of them."""
STATIC = frozenset(
    {"Array.from", "Array.isArray", "Array.of", "String.fromCharCode", "String.fromCodePoint", "String.raw"}
)  # fmt: skip
_OF_TYPE = re.compile(r"(?:String|Array)\.([a-z]\w*)")
"""Methods of strings and arrays of JavaScript by the name of their type, and those that are called on it."""
MODULES = frozenset(
    {"aiohttp", "anyhow", "asyncio", "axios", "bluebird", "boto3", "classnames", "clsx", "distutils", "dotenv", "gson",
     "httpx", "immer", "jquery", "lazy_static", "lodash", "loguru", "marshal", "moment", "multiprocessing", "nanoid",
     "numpy", "once_cell", "optparse", "orjson", "pandas", "pickle", "psycopg2", "recoil", "requests", "rxjs", "shelve",
     "simplejson", "structlog", "subprocess", "superagent", "thiserror", "threading", "ujson", "underscore", "unittest",
     "urllib", "urllib3", "zustand"}
)  # fmt: skip
"""Lone lower-case words that are surely modules."""

USES = frozenset(
    {"use", "call", "invoke", "add", "introduce", "rely on", "include", "including", "insert", "leave",
     "leaving", "access", "accessing", "reach for", "import", "depend on", "introducing", "inserting", "create"}
)  # fmt: skip
"""Verbs that mean any use of a name."""
COMMON = frozenset(
    {"Array", "Boolean", "Dict", "Error", "Exception", "Function", "List", "Map", "Number", "Object", "Promise", "Set",
     "String"}
)  # fmt: skip
"""Names of a language's own types: a sentence that forbids one means some use of it, not all."""
THROWS = frozenset({"throw", "throwing", "raise", "raising"})
CATCHES = frozenset({"catch", "catching"})
KNOWN_PAIRS = {("require", "assert"): "github.com/stretchr/testify/assert"}
"""What replaces what, where the two names together leave no doubt which module is meant."""

_FILE_NAME = re.compile(r"^\.[a-z][\w-]*(?:\.[\w*]+)*$|^[\w*-]+(?:\.[\w*-]+)*\.(?:[a-z0-9]{1,5}|\*)$|^[\w./*-]+/$")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_ARROW = re.compile(r"^(?P<from>[a-z_][\w./-]*)\s*(?:->|→)\s*(?P<to>[a-z_][\w./-]*)$")
"""Who imports whom."""
_RUNNERS = {one: tuple(f"{name}{one}" for name in ("describe", "it", "test")) for one in (".only", ".skip")}
"""What runs one test alone, or leaves it out: methods of the functions that tests are made with."""
WRONG_NOTHING = "it cannot be said what exactly is forbidden"


def checks_of(demand: Demand, spans: Sequence[str], folder: str = "") -> list[Check] | None:
    """Checks for all objects of a demand, those of one kind together; None when one of them is not understood."""
    objects = [spans[number] for number in demand.objects]
    good = spans[demand.good] if demand.good is not None else ""
    good = "" if good.startswith(MARK) else good
    where = [spans[number] for number in demand.in_places]
    if where and (demand.verb == "import" or (demand.verb == "use" and where[0].lower() in LIBRARIES)):
        return _of_imports(objects, where, good)
    objects = ["console.*" if text == "console" and demand.verb in USES else text for text in objects]
    objects = [name for text in objects for name in _RUNNERS.get(text.removesuffix("()"), (text,))]
    known = [KNOWN_PAIRS.get((good, text)) for text in objects]
    if all(known):
        return [ForbidImport(tuple(filter(None, known)), good)]
    if good.startswith("%") and objects == [f"{MARK}fstring"]:
        objects = [f"{MARK}fstring_logging"]  # `%s` is what a logger fills in
    if objects == [f"{MARK}barrel"]:
        if not demand.each or demand.verb == "import":
            return None  # what is imported from a barrel is another matter than having one
        return [ForbidConstruct("barrel", good)]
    arrows = [_ARROW.match(text) for text in objects]
    if all(arrows):
        return [ForbidDependency((folder_glob(one["from"]),), (folder_glob(one["to"]),)) for one in arrows if one]
    option = _options_of(objects, good)
    if option:
        return option
    if demand.verb == "create" and all(_FILE_NAME.match(text) for text in objects):
        return [ForbidFile(tuple(map(glob, objects)), good)]
    replaced = _extension(objects, good)
    if replaced is not None:
        return [replaced]
    if good == "interface":
        objects = [f"{MARK}type_alias_object" if text == "type" else text for text in objects]
    found = [classify(_method(text), verb=demand.verb) for text in objects]
    return _checks(_alike(found, good), good, demand)


def globs_of(
    spans: Sequence[str], numbers: Sequence[int], folder: str, *, packages: bool = False
) -> tuple[str, ...] | None:
    """Globs of the places that a sentence names; None when one of them is no path, nor a package where it may be."""
    found: list[str] = []
    for number in numbers:
        span = classify(spans[number], verb="edit")
        if re.fullmatch(r"@[\w-]+/[\w.-]+", span.text):
            return None  # a package, not a folder
        package = packages and re.fullmatch(r"[a-z_]\w*(?:\.[a-z_]\w*)*", spans[number]) is not None
        if span.kind != "path" and not package:
            return None
        pattern = folder_glob(span.text) if package else glob(span.text)
        found.append(rooted(folder, pattern))
    return tuple(found)


def _of_imports(objects: list[str], where: list[str], good: str) -> list[Check] | None:
    """`x` from `y`: names of a module; a folder in a folder: a boundary; a module in a folder: an import there."""
    if all("/" in name and not name.startswith("@") for name in (*objects, *where)):
        return [ForbidDependency(tuple(map(folder_glob, where)), tuple(map(folder_glob, objects)))]
    modules = [classify(name, verb="import") for name in where]
    plain = [re.fullmatch(r"[A-Za-z_$][\w$]*", name) for name in objects]
    if len(where) == 1 and modules[0].kind == "module" and all(plain) and not where[0].endswith("/"):
        named = LIBRARIES.get(modules[0].text.lower(), (modules[0].text,))
        return [ForbidImport(named, good, tuple(objects))]
    found = [classify(name, verb="import") for name in objects]
    if all(span.kind == "module" for span in found) and all(
        classify(name, verb="edit").kind == "path" for name in where
    ):
        return [ForbidImport(tuple(span.text for span in found), good)]
    return None


def _options_of(objects: list[str], good: str) -> list[Check]:
    """`gh pr create --body-file x` over `--body`: the same command with the other option."""
    command = classify(good, verb="run")
    if command.kind != "command" or not all(re.fullmatch(r"--[a-z][\w-]*(?:[= ].*)?", text) for text in objects):
        return []
    plain = tuple(itertools.takewhile(lambda word: not word.startswith("-"), command.words))
    return [ForbidCommand(command.program, (*plain, re.split(r"[= ]", text)[0]), good) for text in objects]


def _extension(objects: list[str], good: str) -> Check | None:
    """`x.jsonc`, not `.json`: the file of that name with the other ending."""
    stem, dot, _ = good.rpartition(".")
    if (
        not dot
        or not re.fullmatch(r"[\w.-]+", stem)
        or not all(re.fullmatch(r"\.[a-z0-9]{1,6}", one) for one in objects)
    ):
        return None
    return ForbidFile(tuple(f"**/{stem}{one}" for one in objects), good)


def _method(text: str) -> str:
    """A name as it is looked for: `unwrap` and `String.substr()` are methods of whatever stands in front of them."""
    name = text.removesuffix("()")
    of_type = _OF_TYPE.fullmatch(name)
    if of_type is not None and of_type.group(0) not in STATIC:
        return f".{of_type.group(1)}()"
    return f".{name}()" if name in METHODS else text


def _alike(spans: Sequence[Span], good: str) -> list[Span]:
    """`npm` beside `pnpm` is a command, even where the sentence has no verb for running."""
    wanted = good.split(" ", 1)[0]
    commands = wanted in PACKAGE_MANAGERS or any(span.kind == "command" for span in spans)
    return [
        classify(span.text, verb="run") if commands and span.text.split(" ", 1)[0] in PACKAGE_MANAGERS else span
        for span in spans
    ]


def _checks(spans: Sequence[Span], good: str, demand: Demand) -> list[Check] | None:
    names: list[str] = []
    modules: list[str] = []
    paths: list[str] = []
    checks: list[Check] = []
    for span in spans:
        path = _edited(span, demand)
        if path:
            paths.append(path)
        elif demand.folders and demand.verb in ("create", "add", "introduce") and re.fullmatch(r"[\w.-]+/?", span.text):
            checks.append(ForbidFile((f"**/{span.text.rstrip('/')}/**",), good))
        elif span.kind == "module" or (span.kind == "name" and span.text in MODULES and demand.verb != "call"):
            modules += LIBRARIES.get(span.text.lower(), (span.text,))
        elif _is_used(span, demand):
            names.append(span.text)
        else:
            check = _single(span, good, demand)
            if check is not None:
                checks.append(check)
            elif not demand.each:
                return None
    if names:
        lone = demand.global_only and all(re.fullmatch(r"\w+(?:\(\))?", name) for name in names)
        checks.append(ForbidReference(tuple(names), good, lone))
    if modules:
        checks.append(ForbidImport(tuple(modules), good))
    if paths:
        checks.append(ForbidEdit(tuple(paths)))
    return checks or None


def _edited(span: Span, demand: Demand) -> str:
    """The glob of files that must not be edited; empty where that is not what is said."""
    if demand.verb not in EDITS:
        return ""
    if demand.folders and re.fullmatch(r"[\w.-]+", span.text):
        return f"**/{span.text}/**"
    return glob(span.text) if span.kind == "path" else ""


def _is_used(span: Span, demand: Demand) -> bool:
    """Whether any use of a name is meant, and it surely is one of code."""
    verb = demand.verb
    if (
        span.kind != "name"
        or span.text in COMMON
        or not re.search(r"\w", span.text)
        or (verb not in USES and not (verb == "write" and "(" in span.text))
    ):
        return False
    if demand.slots and _IDENTIFIER.fullmatch(span.text):
        return False  # "the `a` parameter": what it is called there, and there only
    if demand.origin and not re.match(r"[A-Z]|\w+\.", span.text):
        return False  # "Foo `assertThat`" is that of Foo, and no other
    return _is_code_name(span.text) or span.text in FUNCTIONS or verb in ("call", "invoke")


def _is_said_of_some(span: Span, good: str, demand: Demand) -> bool:
    """Whether a piece of code is so common that a sentence means some uses of it, which it does not tell apart."""
    if span.kind == "snippet":
        return not re.search(r"[A-Za-z_]", span.text)  # nobody forbids `>= 1` everywhere
    if span.kind != "construct":
        return False
    if span.text == "loose_equality":
        return good != "" and not good.startswith("==")  # "use `Is` instead of `==`": for what `Is` is for
    return span.text == "assert_statement" and (not demand.each or demand.syntax)


def _single(span: Span, good: str, demand: Demand) -> Check | None:
    """The check of an object that has one of its own."""
    if _is_said_of_some(span, good, demand):
        return None
    if demand.files and re.fullmatch(r"[a-z_]\w*", span.text):
        return ForbidFile((f"**/{span.text}.*",), good)
    if span.kind == "path" and (demand.verb == "create" or demand.files) and "." in span.text.rsplit("/", 1)[-1]:
        return ForbidFile((glob(span.text),), good)
    if span.kind == "name" and demand.verb in THROWS and _is_code_name(span.text):
        name = re.escape(span.text.removesuffix("()"))
        return ForbidText(pattern=rf"\b(?:throw|raise)\s+(?:new\s+)?{name}\b", where="code", instead=good)
    if span.kind == "name" and demand.verb in CATCHES and _is_code_name(span.text):
        name = re.escape(span.text.removesuffix("()"))
        return ForbidText(pattern=rf"\b(?:except\s+|catch\s*\(\s*(?:final\s+)?){name}\b", where="code", instead=good)
    match span.kind:
        case "construct":
            return ForbidConstruct(span.text, good)
        case "text":
            pattern, where = TEXTS[span.text]
            return ForbidText(pattern=pattern, where="comment" if where == "comment" else "any", instead=good)
        case "directive":
            return ForbidText(text=span.text, where="comment", instead=good)
        case "snippet":
            return ForbidText(pattern=_caught(span.text) or _loose(span.text), where="code", instead=good)
        case "command" | "flag" if span.program:
            return ForbidCommand(span.program, span.words, good)
    if re.fullmatch(r"@[A-Z]\w*|@(?:dataclass|property|staticmethod|classmethod|lru_cache|cache|override)", span.text):
        return ForbidText(pattern=rf"{re.escape(span.text)}\b", where="code", instead=good)
    return None


def _is_code_name(text: str) -> bool:
    """Whether a name is surely one of code: a lone lower-case word without brackets could be anything."""
    return bool(re.search(r"[.(!:]|[a-z][A-Z]|^[A-Z][A-Za-z0-9]*[a-z]|_|\$", text))


def _caught(text: str) -> str:
    """A pattern for `catch (Type)`, behind which the code names what it caught; empty for other pieces of code."""
    match = re.fullmatch(r"catch\s*\(\s*([A-Z][\w.]*)\s*\)", text)
    return rf"\bcatch\s*\(\s*(?:final\s+)?{re.escape(match.group(1))}\b" if match is not None else ""


def _loose(text: str) -> str:
    """A pattern for a piece of code in which blanks, and the kind of quotes, do not matter."""
    pieces = re.findall(r"\w+|[^\w\s]", text)
    body = r"\s*".join("['\"]" if piece in "'\"" else re.escape(piece) for piece in pieces)
    # Words with a blank between them need one.
    body = re.sub(r"(?<=\w)\\s\*(?=\w)", r"\\s+", body)
    return body + (r"\b" if text[-1:].isalnum() else "")
