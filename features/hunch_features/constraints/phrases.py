"""English names of things in code, so that "no default exports" is read as a sentence about a code span would be."""

from __future__ import annotations

import re

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
    (r"(?:nested|chained)\s+ternar(?:y|ies)(?:\s+(?:operators?|expressions?))?", "§nested_ternary"),
    (r"mutable\s+default\s+(?:arguments?|args?|parameters?|params|values?)", "§mutable_default"),
    (r"(?:explicit|the)\s+any(?:\s+types?)?(?=[\s,.;]|$)", "§any_type"),
    (r"(?<=\bno )any(?:\s+types?)?(?=[,.;]|$)|(?<=\bavoid )any(?:\s+types?)?(?=[,.;]|$)", "§any_type"),
    (r"(?:(?<=\buse )|(?<=\busing ))any\s+types?(?=[,.;]|$)|any\s+types?(?=\s+in\s+typescript)", "§any_type"),
    (r"type\s+(?:assertions?|casts?|casting)", "§type_cast"),
    (r"(?:typescript\s+)?enums(?![\w-])", "§enum_declaration"),
    (r"class(?:-based)?\s+components?", "§class_component"),
    (r"inline\s+styles?(?:\s+(?:attributes?|props?))?(?![\w-])", "§inline_style"),
    (r"(?:local|inline|function-level|nested)\s+imports?|imports?\s+(?:inside|in|within)\s+functions", "§local_import"),
    (r"dynamic\s+imports?", "§dynamic_import"),
    (r"console\s+(?:statements?|logging)", "console.*"),
    (r"console\s+logs?", "console.log"),
    (r"print\s+(?:statements?|calls)|print\(\)\s+statements?", "print()"),
    (r"(?<=\bof )print(?=\s|[.,;]|$)|(?<=\bover )print(?=\s|[.,;]|$)", "print"),
    (r"barrel\s+(?:re-?)?exports?", "§wildcard_export"),
    (r"['\"]use\s+client['\"](?:\s+directives?)?", "§use_client"),
    (r"['\"]use\s+server['\"](?:\s+directives?)?", "§use_server"),
    (r"(?:1|one|single)-line\s+ifs?(?:\s+statements?)?", "§missing_braces"),
    (
        r"(?:(?<=\bnot )|(?<=\bof )|(?<=\bthan )|(?<=\bnever ))(?:pytest|tsc|jest|vitest|eslint|prettier|black|"
        r"flake8|pylint)(?=\s+directly|[,.;)]|$)",
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
    (
        r"(?<=\bno )classes(?![\w-])|(?<=\bavoid )classes(?![\w-])|(?<=\bover )classes(?![\w-])|"
        r"(?<=\buse )classes(?=[.,;]|$)",
        "§class_declaration",
    ),
    (r"(?<=\bover )types(?![\w-])|(?<=\bof )types(?![\w-])|type\s+alias(?:es)?", "§type_alias_object"),
    (r"(?<=\bover )interfaces(?![\w-])|(?<=\bof )interfaces(?![\w-])", "§interface_declaration"),
    (r"switch\s+statements?", "§switch_statement"),
    (r"file\s+extensions?\s+(?:to|in|on)\s+(?:\w+\s+)?imports?", "§import_with_extension"),
    (r"re-?export(?:s|ing)?(?:\s+from\s+one\s+file\s+in\s+another)?(?![\w-])", "§reexport"),
    (r"test\s+classes|class-based\s+tests|tests?\s+in\s+classes", "§test_class"),
    (r"lambda\s+assignments?", "§lambda_assignment"),
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
_AROUND = {
    "bare": ("except", "bare except"),
    r"type\s+(?:casts?|casting|assertions?)\s+with": ("as", "type casts"),
}
"""Words and the span after them that are one phrase together: words → (span, phrase)."""
_SPAN = re.compile(r"⟦(\d+)⟧")

_WORDS = ("moment", "requests", "underscore", "nose", "chalk", "express")
"""Libraries that are words of English too: only where one is used, or used instead."""
_LIBRARY = "|".join(sorted((re.escape(name) for name in LIBRARIES if name not in _WORDS), key=len, reverse=True))
_WORD = (
    rf"(?:(?<=\buse )|(?<=\bprefer )|(?<=\bimport )|(?<=\bover )|(?<=\bnot )|(?<=\bof )|(?<=\bthan )|"
    rf"(?<=\bavoid ))(?:{'|'.join(_WORDS)})"
    r"(?=$|[,.;)]|\s+(?:for|library|package|module|in)\b)"
)
_ALL = re.compile(
    "|".join(
        [rf"(?P<p{number}>(?<![\w§.-])(?:{pattern}))" for number, (pattern, _) in enumerate(_PHRASES)]
        + [
            rf"(?P<library>(?<![\w./@-])(?:{_LIBRARY})(?![\w/-])|{_WORD})",
            rf"(?P<code>{_CODE})",
            rf"(?P<manager>(?:(?<![\w./@-])|(?<=\bnpm/)|(?<=\byarn/)|(?<=\bpip/)){_PACKAGE_MANAGERS}{_NO_MANAGER})",
        ]
    ),
    re.IGNORECASE,
)


def with_phrases(text: str, spans: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A sentence in which phrases and unmistakable code stand as spans too; the numbers of the others stay."""
    known = list(spans)

    def replaced(match: re.Match[str]) -> str:
        found = match.group(0)
        kind = match.lastgroup or ""
        if kind == "code" and (_NO_CODE.match(found) or found[0].isupper()):
            return found
        if kind in ("manager", "library") and found != found.lower():
            # "Redis" and "Jest" are mostly the thing itself; what is imported from it is of the library.
            before = match.string[: match.start()]
            if kind == "manager" or not re.search(r"\bfrom\s+$", before):
                return found
            found = found.lower()
        phrase = _PHRASES[int(kind[1:])][1] if kind.startswith("p") and kind[1:].isdigit() else found
        known.append(found if phrase == "§tool" else phrase)
        return f"⟦{len(known) - 1}⟧"

    for words, (spelt, phrase) in _AROUND.items():
        text = re.sub(
            rf"\b{words}\s+⟦(\d+)⟧",
            lambda match, spelt=spelt, phrase=phrase: (  # type: ignore[misc]
                phrase if known[int(match.group(1))].strip(": ") == spelt else match.group(0)
            ),
            text,
            flags=re.IGNORECASE,
        )
    pieces = _SPAN.split(text)
    # Odd pieces are numbers of spans. A look behind may not cross a span, so the pieces are read one by one.
    for number in range(0, len(pieces), 2):
        pieces[number] = _ALL.sub(replaced, pieces[number])
    for number in range(1, len(pieces), 2):
        pieces[number] = f"⟦{pieces[number]}⟧"
    return "".join(pieces), tuple(known)
