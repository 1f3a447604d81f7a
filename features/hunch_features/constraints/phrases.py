"""English names of things in code, so that "no default exports" is read as a sentence about a code span would be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, partial

MARK = "§"
"""Begins a span that stands for a phrase: what follows is the name of a construct, or of an entry of `TEXTS`."""

EMOJI = r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}\x{1F1E6}-\x{1F1FF}]"
TEXTS: dict[str, tuple[str, str]] = {
    "emoji": (EMOJI, "any"),
    "todo": (r"\bTODO\b", "comment"),
    "fixme": (r"\bFIXME\b", "comment"),
    "use_client": (r"(?m)^\s*['\"]use client['\"]", "any"),
    "use_server": (r"(?m)^\s*['\"]use server['\"]", "any"),
    "trailing_whitespace": (r"(?m)[ \t]+$", "any"),
}
"""Texts that have an English name: pattern in RE2 syntax, and where it counts."""

_PHRASES: tuple[tuple[str, str], ...] = (
    (r"f-strings?\s+in\s+(?:log(?:ging)?|logger)(?:\s+(?:calls|statements|messages))?", "§fstring_logging"),
    (r"default\s+exports?|exports?\s+default", "§default_export"),
    (r"(?:wildcard|star|glob)\s+imports?", "§wildcard_import"),
    (r"(?:wildcard|star)\s+(?:re-?)?exports?", "§wildcard_export"),
    (r"namespace\s+imports?", "§namespace_import"),
    (r"non-?null\s+assertions?(?:\s+operators?)?", "§non_null_assertion"),
    (r"bare\s+(?:except|excepts|except\s+clauses?|except:)(?![\w-])", "§bare_except"),
    (r"bare\s+`except:?`", "§bare_except"),
    (r"relative\s+imports?", "§relative_import"),
    (r"(?:(?<=imports instead of )|(?<=imports over )|(?<=imports, not ))relative\s+paths?", "§relative_import"),
    (r"(?:nested|chained)\s+ternar(?:y|ies)(?:\s+(?:operators?|expressions?))?", "§nested_ternary"),
    (r"mutable\s+default\s+(?:arguments?|args?|parameters?|params|values?)", "§mutable_default"),
    (r"(?:explicit|the)\s+any(?:\s+types?)?(?=[\s,.;]|$)", "§any_type"),
    (r"(?<=\bno )any(?:\s+types?)?(?=[,.;]|$)|(?<=\bavoid )any(?:\s+types?)?(?=[,.;]|$)", "§any_type"),
    (r"(?:(?<=\buse )|(?<=\busing ))any\s+types?(?=[,.;]|$)|any\s+types?(?=\s+in\s+typescript)", "§any_type"),
    (r"type\s+(?:assertions?|casts?|casting)", "§type_cast"),
    (r"(?:typescript\s+)?enums(?![\w-])", "§enum_declaration"),
    (r"class(?:-based)?\s+components?", "§class_component"),
    (r"double[- ](?:type\s+)?(?:casts?|casting|assertions?)", "§double_cast"),
    (r"unused\s+imports?", "§unused_import"),
    (r"inline\s+styles?(?:\s+(?:attributes?|props?))?(?![\w-])", "§inline_style"),
    (r"(?:local|inline|function-level|nested)\s+imports?|imports?\s+(?:inside|in|within)\s+functions", "§local_import"),
    (r"dynamic\s+imports?", "§dynamic_import"),
    (r"console\s+(?:statements?|logging)", "console.*"),
    (r"console\s+logs?", "console.log"),
    (r"print\s+(?:statements?|calls)|print\(\)\s+statements?", "print()"),
    (r"(?<=\bof )print(?=\s|[.,;]|$)|(?<=\bover )print(?=\s|[.,;]|$)", "print"),
    (r"barrel\s+(?:re-?)?exports?", "§wildcard_export"),
    (r"barrel\s+(?:files?|modules?|imports?)(?:\s*\(`?index\.tsx?`?[^()]*\))?", "§barrel"),
    (r"['\"]use\s+client['\"](?:\s+directives?)?", "§use_client"),
    (r"['\"]use\s+server['\"](?:\s+directives?)?", "§use_server"),
    (r"(?:1|one|single)-line\s+ifs?(?:\s+statements?)?", "§missing_braces"),
    (
        r"(?:(?<=\bnot )|(?<=\bof )|(?<=\bthan )|(?<=\bnever ))(?:pytest|tsc|jest|vitest|eslint|prettier|black|"
        r"flake8|pylint)(?=\s+(?:directly|or\b)|[,.;)]|$)|"
        r"(?<=\bor )(?:jest|eslint|prettier|black|flake8|pylint)(?=[,.;)]|$)",
        "§tool",
    ),
    (r"f-strings?", "§fstring"),
    (r"(?:%|percent|printf-style)[- ]?\s*(?:string\s+)?formatting", "§percent_format"),
    (r"emojis?(?:\s+characters)?", "§emoji"),
    (r"TODO\s+comments?|TODOs", "§todo"),
    (r"FIXME\s+comments?|FIXMEs", "§fixme"),
    (r"trailing\s+white-?space", "§trailing_whitespace"),
    (r"debugger\s+statements?", "§debugger"),
    (r"unsafe\s+(?:code|blocks?)", "§unsafe_block"),
    (r"(?:global\s+variables|globals)(?![\w-])", "§global_statement"),
    (r"double[- ]backticks?", "§double_backticks"),
    (r"(?:anonymous\s+)?function\s+expressions?", "§function_expression"),
    (r"function\s+declarations?", "§function_declaration"),
    (r"double\s+quotes", "§double_quotes"),
    (r"single\s+quotes", "§single_quotes"),
    (r"loose\s+equality", "§loose_equality"),
    (r"(?<=\bover )type(?=\s*$|[,.;(]|\s+for\b)", "§type_alias_object"),
    (r"(?<=\bover )interface(?=\s*$|[,.;(]|\s+for\b)", "§interface_declaration"),
    (
        r"(?<=\bno )classes(?![\w-])|(?<=\bavoid )classes(?![\w-])|(?<=\bover )classes(?![\w-])|"
        r"(?<=\buse )classes(?=[.,;]|$)",
        "§class_declaration",
    ),
    (r"(?<=\bover )types(?![\w-])|(?<=\bof )types(?![\w-])|type\s+alias(?:es)?", "§type_alias_object"),
    (r"(?<=\bover )interfaces(?![\w-])|(?<=\bof )interfaces(?![\w-])", "§interface_declaration"),
    (r"switch\s+statements?", "§switch_statement"),
    (r"file\s+extensions?\s+(?:to|in|on)\s+(?:\w+\s+)?imports?", "§import_with_extension"),
    (r"re-?exports(?![\w-])|re-?export(?:s|ing)?\s+from\s+one\s+file\s+in\s+another", "§reexport"),
    (r"test\s+classes|class-based\s+tests|tests?\s+in\s+classes", "§test_class"),
    (r"lambda\s+assignments?", "§lambda_assignment"),
    (
        r"imports?\s+(?:statements\s+)?inside\s+(?:of\s+)?(?:functions?|methods?)(?:\s+(?:bodies|or\s+methods|or\s+classes))?"
        r"(?=\s*$|[.,;])",
        "§local_import",
    ),
    (r"implicit\s+optional(?:\s+types?)?|implicit\s+Optionals?", "§implicit_optional"),
    (r"bare\s+goroutines?|(?:bare|raw|naked)\s+go\s+statements?", "§go_statement"),
    (r"string\s+concatenation|concatenat(?:ing|ed)\s+strings", "§string_concatenation"),
    (r"CommonJS(?:\s+(?:modules?|imports?|syntax|require(?:s|\(\))?|style))*", "§commonjs"),
    (
        r"(?:broad|blanket|generic|bare)\s+exception(?:\s+(?:handlers?|clauses?|catching|handling))?s?(?![\w-])",
        "§broad_except",
    ),
    (r"while\s+true(?:\s+loops?)?", "§while_true"),
    (r"(?:raw\s+)?promise\s+\.then(?:\(\))?\s+chains?", ".then()"),
    (r"test\s+prefixed\s+classes|classes\s+prefixed\s+with\s+test", "§test_class"),
    (r"parent[- ](?:relative\s+)?imports?", "§parent_import"),
    (r"promise\s+chains?|\.then\(\)\s+chains?", ".then()"),
    (r"assert\s+statements?", "§assert_statement"),
)

_PACKAGE_MANAGERS = (
    r"(?:npm|yarn|pnpm|npx|poetry|pipenv|conda|pip3?|bunx?|uvx?)"
    r"(?!\s+(?:packages?|modules?|registry|scripts?|link|workspaces?|run|install|test|add|package))"
)
_NO_MANAGER = r"(?![\w.:-]*\w|/(?!(?:npm|yarn|pnpm|npx|pip|poetry|conda|bun)\b))"
LIBRARIES: dict[str, tuple[str, ...]] = {
    "zod": ("zod",), "yup": ("yup",), "joi": ("joi",), "lodash": ("lodash",), "underscore": ("underscore",),
    "ramda": ("ramda",), "moment": ("moment",), "moment.js": ("moment",), "luxon": ("luxon",),
    "dayjs": ("dayjs",), "date-fns": ("date-fns",), "axios": ("axios",), "jquery": ("jquery",),
    "redux": ("redux",), "mobx": ("mobx",), "enzyme": ("enzyme",), "mocha": ("mocha",), "chai": ("chai",),
    "sinon": ("sinon",), "jest": ("@jest/globals",), "vitest": ("vitest",), "requests": ("requests",),
    "urllib3": ("urllib3",), "httpx": ("httpx",), "aiohttp": ("aiohttp",), "asyncio": ("asyncio",),
    "anyio": ("anyio",), "trio": ("trio",), "unittest": ("unittest",), "nose": ("nose",), "pandas": ("pandas",),
    "numpy": ("numpy",), "polars": ("polars",), "pickle": ("pickle",),
    "styled-components": ("styled-components",), "node-fetch": ("node-fetch",), "arktype": ("arktype",),
    "valibot": ("valibot",), "chalk": ("chalk",), "react-query": ("react-query", "@tanstack/react-query"),
    "formik": ("formik",), "winston": ("winston",), "typeorm": ("typeorm",), "mongoose": ("mongoose",),
    "sequelize": ("sequelize",), "argparse": ("argparse",),
}  # fmt: skip
"""Libraries by the name that people write, with the modules that one imports of them."""

_CODE = (
    r"@ts-(?:ignore|nocheck|expect-error)|eslint-disable(?:-[\w-]+)?|(?<![\w-])--[a-z][\w-]+|"
    r"(?<![\w./@-])(?:[a-z_$][\w$]*\.)+(?:[A-Za-z_$][\w$]*|\*)(?:\(\))?(?![\w/-])|(?<![\w./@-])[A-Za-z_]\w*\(\)"
)
_NO_CODE = re.compile(
    r"^(?:e\.g|i\.e|etc|vs|a\.k|[\w.]+\.(?:js|ts|tsx|jsx|mjs|cjs|md|mdx|json|ya?ml|toml|lock|txt|py|rs|go|java|c|"
    r"h|cpp|sh|css|html"
    r"|com|org|io|dev|net|ai|app|xyz|gg|env|local))\.?$",
    re.IGNORECASE,
)
_AROUND = (
    (r"bare\s+", "except", "", "bare except"),
    (r"(?:bare|raw|naked)\s+", "go", r"\s+statements?", "bare go statements"),
    (r"(?:bare|broad|generic|blanket)\s+", "exception", r"(?:\s+(?:clauses?|handlers?|catches))?", "broad exceptions"),
    (
        r"(?:bare|broad|generic|blanket)\s+",
        "except exception",
        r"(?:\s+(?:clauses?|handlers?|blocks?))?",
        "broad exceptions",
    ),
    (r"type\s+(?:casts?|casting|assertions?)\s+with\s+", "as", "", "type casts"),
    (
        r"non-?null\s+assertions?(?:\s+operators?)?(?:\s+with\s+the)?\s*\(?",
        "!",
        r"\)?(?:\s+(?:postfix\s+)?operators?)?",
        "non-null assertions",
    ),
    ("", "test", r"\s+prefixed\s+classes", "test prefixed classes"),
    (r"relative\s+", "../", r"\s+(?:paths?|imports?)", "parent imports"),
    (r"relative\s+", "./", r"\s+(?:paths?|imports?)", "relative imports"),
    (r"CommonJS\s*\(?", "require", r"\)?(?:\s+(?:calls?|syntax|imports?))?", "CommonJS"),
)
"""Words around a span that are one phrase with it: before, the span in lower case, after, and the phrase."""
_SPAN = re.compile(r"⟦(\d+)⟧")

_WORDS = ("moment", "requests", "underscore", "nose", "chalk", "express")
"""Libraries that are words of English too: only where one is used, or used instead."""
_LIBRARY = "|".join(sorted((re.escape(name) for name in LIBRARIES if name not in _WORDS), key=len, reverse=True))
_WORD = (
    rf"(?:(?<=\buse )|(?<=\bprefer )|(?<=\bimport )|(?<=\bover )|(?<=\bnot )|(?<=\bof )|(?<=\bthan )|"
    rf"(?<=\bnever )|(?<=\bavoid ))(?:{'|'.join(_WORDS)})"
    r"(?=$|[,.;)]|\s+(?:for|library|package|module|in)\b)"
)
_KEYS: dict[str, tuple[str, ...]] = {
    "§fstring_logging": ("f-string",), "§default_export": ("default",),
    "§wildcard_import": ("wildcard", "star", "glob"), "§wildcard_export": ("wildcard", "star", "barrel"),
    "§namespace_import": ("namespace",), "§non_null_assertion": ("null",), "§bare_except": ("bare",),
    "§relative_import": ("relative",), "§nested_ternary": ("ternar",), "§mutable_default": ("mutable",),
    "§any_type": ("any",), "§type_cast": ("type",), "§enum_declaration": ("enums",),
    "§class_component": ("component",), "§inline_style": ("inline",), "§local_import": ("import",),
    "§dynamic_import": ("dynamic",), "console.*": ("console",), "console.log": ("console",),
    "print()": ("print",), "print": ("print",), "§use_client": ("use client",), "§use_server": ("use server",),
    "§missing_braces": ("-line if",), "§fstring": ("f-string",), "§percent_format": ("formatting",),
    "§emoji": ("emoji",), "§todo": ("todo",), "§fixme": ("fixme",), "§trailing_whitespace": ("trailing",),
    "§debugger": ("debugger",), "§unsafe_block": ("unsafe",), "§global_statement": ("global",),
    "§double_backticks": ("backtick",), "§function_expression": ("expression",),
    "§function_declaration": ("declaration",), "§double_quotes": ("quotes",), "§single_quotes": ("quotes",),
    "§loose_equality": ("equality",), "§class_declaration": ("classes",), "§type_alias_object": ("type",),
    "§interface_declaration": ("interfaces",), "§switch_statement": ("switch",), "§reexport": ("export",),
    "§import_with_extension": ("extension",), "§test_class": ("test",), "§lambda_assignment": ("lambda",),
    "§implicit_optional": ("implicit",), "§go_statement": ("go",), "§string_concatenation": ("concatenat",),
    "§commonjs": ("commonjs",),
    "§unused_import": ("unused",),
    "§double_cast": ("double",),
    "§broad_except": ("exception",),
    "§while_true": ("while",),
    "§parent_import": ("parent",), ".then()": ("chain",), "§assert_statement": ("assert",),
}  # fmt: skip
"""A piece of text without any of these words does not hold the phrase: most sentences hold none."""
_NAMES = frozenset(LIBRARIES) | {"npm", "yarn", "pnpm", "npx", "poetry", "pipenv", "conda"}
_NAMES |= {"pip", "pip3", "bun", "bunx", "uv", "uvx"}
_NAMED = re.compile(r"[a-z][\w.-]*", re.IGNORECASE)


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """The pattern of a phrase, by its number, or of `code`, `library`, `manager`. Compiled when first needed."""
    if kind.isdigit():
        return re.compile(rf"(?<![\w§.-])(?:{_PHRASES[int(kind)][0]})", re.IGNORECASE)
    if kind == "library":
        return re.compile(rf"(?<![\w./@-])(?:{_LIBRARY})(?![\w/-])|{_WORD}", re.IGNORECASE)
    if kind == "code":
        return re.compile(_CODE, re.IGNORECASE)
    before = r"(?:(?<![\w./@-])|(?<=\bnpm/)|(?<=\byarn/)|(?<=\bpip/))"
    return re.compile(f"{before}{_PACKAGE_MANAGERS}{_NO_MANAGER}", re.IGNORECASE)


def _kinds(text: str) -> Iterator[str]:
    """What a text may hold, told by words that are quickly looked for."""
    lowered = text.lower()
    for number, (_, phrase) in enumerate(_PHRASES):
        keys = _KEYS.get(phrase)
        if keys is None or any(key in lowered for key in keys):
            yield str(number)
    if not _NAMES.isdisjoint(word.strip(".") for word in _NAMED.findall(lowered)):
        yield from ("library", "manager")
    if any(mark in lowered for mark in (".", "(", "--", "@ts-", "eslint-disable")):
        yield "code"


def with_phrases(text: str, spans: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A sentence in which phrases and unmistakable code stand as spans too; the numbers of the others stay."""
    known = list(spans)

    def replaced(kind: str, match: re.Match[str]) -> str:
        found = match.group(0)
        if kind == "code" and (_NO_CODE.match(found) or found[0].isupper()):
            return found
        if kind in ("manager", "library") and found != found.lower():
            # "Redis" and "Jest" are mostly the thing itself; what is imported from it is of the library.
            before = match.string[: match.start()]
            if kind == "manager" or not re.search(r"\b(?:from|not|never|over|instead\s+of|rather\s+than)\s+$", before):
                return found
            found = found.lower()
        phrase = _PHRASES[int(kind)][1] if kind.isdigit() else found
        known.append(found.lower() if phrase == "§tool" else phrase)
        return f"⟦{len(known) - 1}⟧"

    named = {span.strip(": ").removesuffix("()").lower() for span in spans}
    for before, spelt, after, phrase in _AROUND:
        if spelt not in named:
            continue
        text = re.sub(
            rf"(?<!\w){before}⟦(\d+)⟧{after}(?!\w)",
            lambda match, spelt=spelt, phrase=phrase: (  # type: ignore[misc]
                phrase if known[int(match.group(1))].strip(": ").removesuffix("()").lower() == spelt else match.group(0)
            ),
            text,
            flags=re.IGNORECASE,
        )
    # A look behind may not cross a span, so the pieces between them are read one by one.
    for kind in _kinds(_SPAN.sub(" ", text)):
        pieces = _SPAN.split(text)
        for number in range(0, len(pieces), 2):
            pieces[number] = _pattern(kind).sub(partial(replaced, kind), pieces[number])
        for number in range(1, len(pieces), 2):
            pieces[number] = f"⟦{pieces[number]}⟧"
        text = "".join(pieces)
    return text, tuple(known)
