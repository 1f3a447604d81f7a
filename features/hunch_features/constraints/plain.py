"""Rules of style that are said in plain words: limits, indentation, quotes, names, what must be documented."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from hunch_features.constraints import documented, styles
from hunch_features.constraints.found import CODE, SCRIPTS, Found
from hunch_features.constraints.rule import (
    ForbidCommand,
    ForbidConstruct,
    LimitLength,
    RequireHeader,
    RequireIndent,
    kind_of,
)
from hunch_features.constraints.wording import LANGUAGES

Make = Callable[[re.Match[str]], Found | None]
NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "ten": 10}
_EVERY = r"(?:(?:all|every|each|any|new|source|code|the)\s+)*"
_MUST = r"(?:(?:must|should|have\s+to|need\s+to|always|to)\s+)*"
_IN_LANGUAGE = re.compile(
    r"\s+(?:in|for)\s+(?:all\s+)?(?P<name>python|typescript|javascript|rust|go|java|ruby)(?:\s+(?:code|"
    r"files))?(?=$|\s*,)",
    re.IGNORECASE,
)
_WISH = re.compile(r"^(?:always|use|no|avoid|prefer|never|do\s+not|max|indent|keep|omit|with|without)\b", re.IGNORECASE)


def found_of(text: str, spans: tuple[str, ...]) -> Found | None:
    """The check of a sentence about style; None where no pattern covers the whole of it."""
    body = re.sub(r"⟦(\d+)⟧", lambda match: spans[int(match.group(1))], text)
    body = re.sub(
        r"^(?:we|this\s+(?:project|repo(?:sitory)?)|the\s+(?:project|codebase))\s+uses?\s+",
        "use ",
        body,
        flags=re.IGNORECASE,
    )
    body = re.sub(r"\s*\(v?\d[\d.x+]*\)", "", body)  # a version
    body = re.sub(r"^(line\s+length)\s*\((\d+)", r"\1: \2", body, flags=re.IGNORECASE)
    if re.search(r"\)\s*[,;]\s*[^)]*\d", body):
        return None  # a second figure behind the bracket
    body = re.split(r"\s+[-–—]\s+(?!\d)|\s*\((?!e\.g)", body, maxsplit=1)[0] if "case" not in body.lower() else body
    body, languages = _language(body.strip().rstrip(".!").strip())
    for pattern, make in PATTERNS:
        match = pattern.match(body)
        found = make(match) if match is not None else None
        if found is not None:
            return found if not languages else _in(found, languages)
    found = styles.style_of(body) or documented.found_of(body) or _manager(body) or _several(body)
    return found if found is None or not languages else _in(found, languages)


def _several(body: str) -> Found | None:
    """A list of such wishes: "2-space indentation, semicolons and single quotes"."""
    pieces = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", body)
    if not 2 <= len(pieces) <= 6:
        return None
    found: list[Found] = []
    for piece in pieces:
        wish = piece if _WISH.match(piece) else f"use {piece}"
        matches = (make(match) for pattern, make in PATTERNS if (match := pattern.match(wish)) is not None)
        one = next((one for one in matches if one is not None), None)
        if one is None:
            return None
        found.append(one)
    checks = [check for one in found for check in (one.check, *one.also)]
    if len({kind_of(check) for check in checks}) > 1 or len({one.languages for one in found if one.languages}) > 2:
        return None
    # The narrowest of their languages: quotes and semicolons are those of scripts.
    languages = min((one.languages for one in found if one.languages), key=len, default=())
    return Found(checks[0], all(one.strict for one in found), languages=languages, also=tuple(checks[1:]))


def _in(found: Found, languages: tuple[str, ...]) -> Found:
    return Found(found.check, found.strict, found.include, found.exclude, languages, found.also)


def _language(body: str) -> tuple[str, tuple[str, ...]]:
    """A sentence without "in Python code", and the language."""
    match = _IN_LANGUAGE.search(body)
    if match is None:
        return body, ()
    return f"{body[: match.start()]}{body[match.end() :]}", LANGUAGES[match.group("name").lower()]


def _strict(match: re.Match[str]) -> bool:
    return not re.search(r"\bavoid|\bprefer|\bshould\b", match.group(0), re.IGNORECASE)


def _construct(name: str, *others: str, languages: tuple[str, ...] = ()) -> Make:
    def make(match: re.Match[str]) -> Found:
        also = tuple(ForbidConstruct(other) for other in others)
        return Found(ForbidConstruct(name), _strict(match), languages=languages, also=also)

    return make


def _length(of: Literal["line", "function", "file", "parameters"]) -> Make:
    def make(match: re.Match[str]) -> Found:
        number = match.groupdict().get("n") or ""
        words = [NUMBERS[word] for word in re.findall(r"[a-z]+", number.lower()) if word in NUMBERS]
        digits = [int(piece) for piece in re.findall(r"\d+", number)]
        return Found(LimitLength(of, max(words + digits)), _strict(match), languages=CODE)

    return make


def _indent(match: re.Match[str]) -> Found | None:
    word = match.group("style").lower()
    return Found(RequireIndent("tabs" if word.startswith("tab") else "spaces"), _strict(match), languages=CODE)


def _header(match: re.Match[str]) -> Found | None:
    text = match.group("header").strip("`'\"")
    return Found(RequireHeader(text), languages=CODE) if 2 < len(text) <= 200 else None


_OF_FILES = (
    r"(?:every|all|each)\s+(?:new\s+)?(?P<language>python|typescript|javascript|rust|go|java|ruby)?\s*(?:source\s+|code\s+)?"
    r"(?:files?|modules?)"
)


def _first_lines(match: re.Match[str]) -> Found | None:
    """What every file of a language begins with, where it is a piece of code."""
    text = match.group("text").strip("`\"' ")
    language = (match.group("language") or "").lower()
    chosen = LANGUAGES.get(language, ())
    if text.startswith("from __future__"):
        chosen = LANGUAGES["python"]
    if not chosen or not 4 <= len(text) <= 120 or not re.search(r"[#:/'\"]|import", match.group("text")):
        return None
    return Found(RequireHeader(text, 30), _strict(match), languages=chosen)


_N_LINES = (
    r"(?:~|about\s+|around\s+)?(?P<n>\d{2,4})\s+(?:lines?|LOC)(?:\s+(?:of\s+code|long|max(?:imum)?|each|"
    r"in\s+length))*"
)
_LIMIT = (
    r"(?:be|stay|kept|under|below|at\s+most|up\s+to|no\s+(?:longer|more)\s+than|shorter\s+than|less\s+than|"
    r"fewer\s+than|not\s+exceed|exceed|max(?:imum)?|to|limited|within|of|is|:|<|≤|<=|\s)+"
)
_CHARS = r"(?:\s*-?\s*(?:characters?|chars?|columns?|cols?))"
PATTERNS: tuple[tuple[re.Pattern[str], Make], ...] = tuple(
    (re.compile(rf"^(?:{pattern})$", re.IGNORECASE), make)
    for pattern, make in (
        (
            r"(?:(?:max(?:imum)?|keep|limit|wrap)\s+)?(?:all\s+|the\s+|code\s+|"
            r"source\s+)*lines?(?:[- ]lengths?)?\s*(?:must|should)?\s*"
            r"(?:be|is|are|of|:|=|limit|limited\s+to|limit\s+of|under|below|within|at\s+most|at|"
            r"no\s+longer\s+than|not\s+exceed|to|shorter\s+than|max(?:imum)?|\s)*"
            rf"\s*(?P<n>\d{{2,3}}){_CHARS}?(?:\s+(?:per\s+line|max(?:imum)?|or\s+(?:less|fewer)))*",
            _length("line"),
        ),
        (rf"(?:max(?:imum)?(?:\s+of)?\s+)(?P<n>\d{{2,3}}){_CHARS}\s+(?:per|a)\s+line", _length("line")),
        (
            rf"(?P<n>\d{{2,3}})(?:{_CHARS}\s*(?:max(?:imum)?\s+)?lines?(?:[- ]length)?(?:\s+(?:limit|max(?:imum)?))?|"
            r"[\s-]*(?:max(?:imum)?\s+)?line[- ](?:length|limit)(?:\s+(?:limit|max(?:imum)?))?)",
            _length("line"),
        ),
        (rf"wrap\s+(?:lines\s+|code\s+)?at\s+(?P<n>\d{{2,3}}){_CHARS}?", _length("line")),
        (
            rf"(?:keep\s+|limit\s+|max(?:imum)?\s+)?{_EVERY}files?(?:\s+(?:size|"
            rf"length))?\s*{_MUST}{_LIMIT}{_N_LINES}|"
            rf"no\s+files?\s+(?:over|longer\s+than|larger\s+than|"
            r"above|exceeding)\s+(?P<m>\d{2,4})\s+lines",
            lambda match: _length("file")(match) if match.group("n") else _lines("file", match),
        ),
        (
            rf"(?:keep\s+|limit\s+|max(?:imum)?\s+)?{_EVERY}(?:functions?|"
            rf"methods?)(?:\s+and\s+methods)?(?:\s+(?:size|length))?\s*{_MUST}{_LIMIT}{_N_LINES}|"
            r"no\s+(?:functions?|methods?)\s+(?:over|longer\s+than|larger\s+than|above|"
            r"exceeding)\s+(?P<m>\d{2,4})\s+lines",
            lambda match: _length("function")(match) if match.group("n") else _lines("function", match),
        ),
        (
            rf"{_EVERY}functions?\s+{_MUST}(?:have|take|accept)\s+(?:no\s+more\s+than|at\s+most|a\s+maximum\s+of|"
            rf"fewer\s+than|up\s+to)\s+"
            r"(?P<n>(?:\d{1,2}|[a-z]+)(?:\s+or\s+(?:\d{1,2}|[a-z]+))?)\s+(?:arguments?|parameters?|params|args)",
            lambda match: _length("parameters")(match) if _counts(match.group("n")) else None,
        ),
        (
            r"(?:always\s+)?(?:use|indent\s+with|prefer)?\s*(?:(?:\d|two|four)[\s-]+)?(?P<style>tabs?|"
            r"spaces?)(?:\s+(?:to\s+indent|indentation|indents?))?"
            r"(?:\s*,?\s*(?:\(?not|never|instead\s+of|rather\s+than|over)\s+(?:tabs|"
            r"spaces)\)?)?(?:\s+for\s+(?:all\s+)?(?:indentation|indenting)(?:\s*,?\s*(?:\(?not|never)\s+(?:tabs|"
            r"spaces)\)?)?)?",
            lambda match: (
                _indent(match)
                if re.search(r"use|indent|not|never|instead|over|rather", match.group(0), re.IGNORECASE)
                else None
            ),
        ),
        (
            r"(?:indent(?:ation)?|indent\s+size|indents?)(?:\s+(?:is|with|uses?|by|of)|:)?\s*(?:(?:\d|two|"
            r"four)[\s-]+)?(?P<style>tabs?|spaces?)(?:\s*,?\s*not\s+(?:tabs|spaces))?",
            _indent,
        ),
        (
            r"(?:never|do\s+not|don['’]t|no|avoid)\s+(?:us(?:e|ing)\s+)?tabs(?:\s+for\s+indentation)?",
            lambda _: Found(RequireIndent("spaces"), languages=CODE),
        ),
        (
            r"(?:always\s+|only\s+|prefer\s+(?:to\s+use\s+)?|use\s+)+(?:only\s+)?named\s+exports?(?:\s+only)?|"
            r"named\s+exports\s+only",
            _construct("default_export"),
        ),
        (
            r"(?:always\s+|only\s+|prefer\s+|"
            r"use\s+)+(?:only\s+)?(?:react\s+(?:with\s+)?)?function(?:al)?\s+components?(?:\s+with\s+"
            r"hooks)?(?:\s+(?:only|"
            r"exclusively))?",
            _construct("class_component"),
        ),
        (
            r"(?:all\s+)?(?:new\s+)?(?:react\s+)?components\s+(?:must|should)\s+(?:always\s+)?be\s+(?:written\s+as\s+)?function(?:al)?"
            r"(?:\s+components?)?(?:\s*,?\s*(?:not|never)\s+(?:class(?:es)?|§class_component|§class_declaration)(?:\s+components)?)?",
            _construct("class_component"),
        ),
        (
            r"(?:always\s+)?(?:remove|delete|clean\s+up|drop)\s+(?:any\s+|all\s+)*(?:§unused_import|unused\s+imports)"
            r"(?:(?:\s*,\s*|\s*,?\s+(?:and|or)\s+|\s*/\s*)(?:unused\s+|dead\s+)?\w+)*",
            _construct("unused_import"),
        ),
        (
            r"(?:always\s+|only\s+|prefer\s+|use\s+)+(?:only\s+)?absolute\s+imports?(?:\s+only)?"
            r"(?:\s+(?:with|using|via)\s+(?:the\s+)?[@~]/\*?\s+(?:prefix|alias))?",
            _construct("relative_import"),
        ),
        (
            r"(?:always\s+|prefer\s+|use\s+)*§single_quotes(?:\s+(?:for\s+(?:all\s+)?strings?|preferred|required|"
            r"only|in\s+\w+))*",
            _construct("double_quotes", languages=SCRIPTS),
        ),
        (
            r"(?:always\s+|prefer\s+|use\s+)*§double_quotes(?:\s+(?:for\s+(?:all\s+)?strings?|preferred|required|"
            r"only|in\s+\w+))*",
            _construct("single_quotes", languages=SCRIPTS),
        ),
        (
            r"(?:always\s+|use\s+|include\s+|with\s+)*(?:trailing\s+|"
            r"explicit\s+)?semicolons?(?:\s+(?:(?:are\s+)?required|always|at\s+the\s+end\s+of\s+statements?|"
            r"everywhere|mandatory))*",
            lambda match: (
                _construct("missing_semicolon", languages=SCRIPTS)(match) if " " in match.group(0).strip() else None
            ),
        ),
        (
            r"(?:statement\s+)?semicolons?\s*(?::|are|must\s+be)\s*(?:always|required|yes|mandatory|used)(?:\s+(?:required|used))?"
            r"(?:\s+(?:at|after|to)\s+(?:the\s+)?(?:ends?\s+of\s+)?(?:all\s+|every\s+)?statements?)?",
            _construct("missing_semicolon", languages=SCRIPTS),
        ),
        (
            r"semicolons?\s*:\s*(?:no|none|never|omit(?:ted)?)",
            _construct("semicolon", languages=SCRIPTS),
        ),
        (
            r"(?:always\s+|use\s+|with\s+|include\s+|prefer\s+)*(?:trailing|dangling)\s+commas?(?:\s*(?::|are)\s*(?:always|required|"
            r"yes|all|es5|on|used))?(?:\s+(?:in|for|everywhere|where)\s*(?:all\s+)?(?:multi-?line\s+)?(?:\w+(?:\s+and\s+|\s*,\s*|/)?)*)?",
            lambda match: (
                _construct("missing_trailing_comma", languages=SCRIPTS)(match)
                if re.search(r"always|use|include|with|required|all|yes|es5", match.group(0), re.IGNORECASE)
                else None
            ),
        ),
        (
            r"(?:(?:always\s+)?(?:place|put|keep|add|write|declare)\s+)?(?:all\s+)?(?:the\s+)?(?:import\s+statements?|imports|"
            r"import\s+packages)\s*(?:(?:must|should|always|to)\s+)*(?:be|go|belong|live|stay|are|is)?\s*(?:placed\s+|kept\s+|only\s+)?"
            r"(?:at|on)\s+(?:the\s+)?(?:very\s+)?(?:module\s+)?(?:top|top-level|module\s+level)(?:\s+of\s+(?:the|each|every|a|your)?\s*"
            r"(?:\w+\s+)?(?:files?|modules?))?(?:\s*,?\s*(?:rather\s+than|not|never|"
            r"instead\s+of)\s+(?:inside|in|within)\s+[\w ,]+)?",
            _construct("local_import"),
        ),
        (
            r"import\s+(?:packages|modules|everything)\s+at\s+the\s+top\s+of\s+(?:the\s+|each\s+|every\s+)?(?:\w+\s+)?(?:files?|modules?)",
            _construct("local_import"),
        ),
        (
            r"(?:never|do\s+not|don['’]t|avoid)\s+(?:put(?:ting)?\s+|plac(?:e|ing)\s+|us(?:e|ing)\s+|import(?:ing)?\s+|add(?:ing)?\s+)?"
            r"(?:imports?\s+)?(?:statements\s+)?(?:inside|within|in)\s+(?:functions?|methods?)(?:\s+(?:bodies|or\s+\w+))*",
            lambda match: _construct("local_import")(match) if "import" in match.group(0).lower() else None,
        ),
        (
            r"(?:no|omit|avoid|never\s+use|do\s+not\s+use|don['’]t\s+use|without)\s+(?:trailing\s+)?semicolons?",
            _construct("semicolon", languages=SCRIPTS),
        ),
        (
            r"(?:always\s+)?(?:use|surround\s+[\w, ]+?\s+with)\s+(?:curly\s+)?braces(?:\s+(?:for|around|with|"
            r"on)\s+(?:all\s+)?(?:control\s+(?:structures?|flow|statements?)|if(?:[/ ]else)?"
            r"(?:\s+statements?)?|conditionals?|loops?|single-line\s+(?:ifs?|statements?|blocks?)|blocks?|"
            r"bodies|else|for|while)(?:\s*(?:,|and|or|/)\s*(?:and\s+|or\s+)?(?:loops?|conditionals?|for|while|else|"
            r"(?:(?:similar|other|all)\s+)*control\s+(?:flow\s+)?(?:structures?|statements?)|single-line\s+\w+))*)?",
            lambda match: (
                _construct("missing_braces")(match)
                if re.search(r"always|surround|all|single", match.group(0), re.IGNORECASE)
                else None
            ),
        ),
        (
            r"(?:always\s+|prefer\s+|only\s+)*use\s+(?:strict\s+equality|===(?:\s*(?:/|and|,|"
            r"or)\s*!==)?)(?:\s+(?:for\s+)?(?:all\s+)?(?:comparisons?|checks))?",
            _construct("loose_equality"),
        ),
        (
            r"(?:always\s+|prefer\s+|"
            r"only\s+)*(?:use\s+)?§fstring(?:\s+for\s+(?:all\s+)?(?:string\s+)?(?:formatting|"
            r"interpolation)(?:\s+strings)?)",
            _construct("percent_format", "format_call"),
        ),
        (
            r"(?:always\s+|prefer\s+)*use\s+(?:the\s+)?node:\*?\s*(?:protocol|prefix(?:es)?|imports?|specifiers?|"
            r"scheme)?\s*(?:for|when\s+importing)\s+"
            r"(?:all\s+)?(?:node(?:\.?js)?\s+)?(?:built-?ins?|core\s+modules)(?:\s+(?:modules|imports))?",
            _construct("unprefixed_builtin"),
        ),
        (
            r"(?:relative\s+imports?(?:\s+paths?)?|§relative_import(?:\s+paths?)?)\s+(?:must|should|require|need|"
            r"always)\s+"
            r"(?:to\s+)?(?:have\s+|include\s+|use\s+|"
            r"an?\s+)*(?:explicit\s+)?(?:file\s+)?extensions?(?:,?\s+e\.g\..*)?",
            _construct("import_without_extension"),
        ),
        (
            r"(?:use|prefer|always\s+use)\s+template\s+(?:literals?|strings?)(?:\s+for\s+(?:all\s+)?string\s+(?:concatenation|"
            r"interpolation|formatting))?(?:\s*,?\s*(?:over|instead\s+of|rather\s+than|not)\s+(?:string\s+concatenation|"
            r"§string_concatenation|concatenation))",
            _construct("string_concatenation", languages=SCRIPTS),
        ),
        (
            r"(?:always\s+|only\s+)*(?:use|prefer)\s+(?:es\s*(?:6\s+)?modules?|esm)(?:\s*\([^)]*\))?(?:\s+(?:syntax|imports?))?\s*,?\s*"
            r"\(?(?:over|instead\s+of|rather\s+than|not|never)\s+§commonjs\s*(?:\([^)]*\))?\)?",
            _construct("commonjs", languages=SCRIPTS),
        ),
        (
            rf"{_EVERY}(?:\w+\s+)?(?:pages?|documents?|docs?(?:\s+files?)?|markdown\s+files?|"
            rf"mdx\s+files?)\s+{_MUST}(?:start|begin|have|include)\s+(?:with\s+)?"
            r"(?:yaml\s+)?front-?\s?matter:?",
            lambda _: Found(RequireHeader("---", 1), include=("**/*.md", "**/*.mdx")),
        ),
        (
            rf"{_OF_FILES}\s+{_MUST}(?:start|begin|open)\s+with\s+(?:the\s+|an?\s+)?(?P<text>\S.{{2,118}}?)(?:\s+(?:import|directive|"
            r"comment|header|line|statement|at\s+the\s+top))*",
            _first_lines,
        ),
        (
            rf"(?:always\s+)?(?:add|include|put|use|have)\s+(?:the\s+|an?\s+)?(?P<text>\S.{{2,118}}?)\s+(?:import\s+|directive\s+|comment\s+)?"
            rf"(?:at|to)\s+the\s+top\s+of\s+{_OF_FILES}",
            _first_lines,
        ),
        (
            rf"{_EVERY}(?:source\s+)?files?\s+{_MUST}(?:start|begin|have|include|contain|"
            rf"carry)\s+(?:with\s+)?(?:an?\s+|the\s+)?(?:\w+\s+){{0,3}}?(?:license\s+)?(?:header|comment|line|"
            rf"identifier)?\s*:?\s*"
            r"(?P<header>(?:(?://|#|/\*|--)\s*)?SPDX-License-Identifier(?::\s*[\w.+-]+)?)(?:\s+(?:header|comment|"
            r"line|identifier))?",
            _header,
        ),
    )
)
RIVALS = (("npm", "yarn", "pnpm", "bun"), ("pip", "poetry", "pipenv", "conda", "uv"))
"""Package managers of which a project has one."""
_ONLY_MANAGER = re.compile(
    r"^(?:(?P<only>always|only|exclusively|must|you\s+must)\s+)?(?:use\s+(?P<too>only\s+)?)?(?P<name>npm|yarn|"
    r"pnpm|bun|poetry|conda|uv)"
    r"(?:\s*\(?v?[\d.]+\+?\)?)?(?P<as>\s+(?:exclusively|only|as\s+(?:the|our|its)\s+package\s+manager|"
    r"for\s+(?:all\s+)?(?:package|dependency)\s+management"
    r"|for\s+all\s+package\s+operations|for\s+(?:package\s+and\s+)?(?:environment|dependency|"
    r"project)\s+management))*$",
    re.IGNORECASE,
)


def _manager(body: str) -> Found | None:
    match = _ONLY_MANAGER.match(body)
    if match is None or not (match.group("only") or match.group("too") or match.group("as")):
        return None
    name = match.group("name").lower()
    rivals = [
        one for group in RIVALS if name in group for one in group if one != name and (one, name) != ("bun", "npm")
    ]
    checks = [ForbidCommand(one, (), name) for one in rivals]
    return Found(checks[0], also=tuple(checks[1:]))


def _counts(text: str) -> bool:
    return all(word in NUMBERS or word == "or" or word.isdigit() for word in text.lower().split())


def _lines(of: Literal["function", "file"], match: re.Match[str]) -> Found:
    return Found(LimitLength(of, int(match.group("m"))), _strict(match), languages=CODE)
