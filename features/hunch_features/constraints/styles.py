"""Rules about the style of names: "snake_case for functions and variables, PascalCase for classes"."""

from __future__ import annotations

import re

from hunch_features.constraints.found import CODE, Found, Named, Style
from hunch_features.constraints.rule import Check, RequireNaming
from hunch_features.constraints.wording import LANGUAGES

_EVERY = r"(?:(?:all|every|each|any|new|source|code|the)\s+)*"
_MUST = r"(?:(?:must|should|have\s+to|need\s+to|always|to)\s+)*"
STYLES: dict[str, Style] = {
    "snake": "snake_case",
    "camel": "camelCase",
    "lowercamel": "camelCase",
    "pascal": "PascalCase",
    "uppercamel": "PascalCase",
    "kebab": "kebab-case",
    "upper": "UPPER_CASE",
    "screaming": "UPPER_CASE",
}
_NAMED: dict[str, Named] = {
    "type": "type",
    "inte": "interface",
    "enum": "enum",
    "file": "file",
    "clas": "class",
    "func": "function",
    "meth": "function",
}
_STYLE = (
    r"(?P<style>snake|camel|pascal|kebab|upper|screaming|lowerCamel|UpperCamel)[-_ ]?(?:snake[-_ ]?)?case"
    r"(?:\s*\([^)]*\))?"
)
_TARGET_WORD = (
    r"(?:files?(?:\s*-?names?)?|file\s+naming|class(?:es)?(?:\s+names)?|functions?(?:\s+names)?|"
    r"variables?(?:\s+names)?|constants?|methods?(?:\s+names)?|"
    r"types?(?:\s+names?)?|interfaces?(?:\s+names?)?|components?|modules?|enums?(?:\s+names?)?|hooks?|identifiers|parameters?|structs?|traits?|directories|"
    r"folders?|exports?|"
    r"react\s+components|type\s+aliases|enum\s+values|instances|arguments|attributes|properties|fields|"
    r"config(?:uration)?\s+keys)"
)
_JOINED = r"(?:\s*[,/&]\s*(?:and\s+)?|\s+and\s+)"
_TARGETS = (
    rf"(?P<targets>{_TARGET_WORD}(?:{_JOINED}(?:{_TARGET_WORD}|(?:[a-z]+\s+)?(?:keys|names|fields|"
    rf"properties|objects|modules)))*)"
)
_STYLE_FOR = re.compile(rf"{_STYLE}\s+(?:for|in)\s+{_EVERY}{_TARGETS}", re.IGNORECASE)
_TARGET_IS = re.compile(
    rf"(?:name\s+)?{_EVERY}{_TARGETS}\s*(?:{_MUST}(?:be|are|use|uses|in|named|follow|written|with)?\s*|"
    rf":\s*)*{_STYLE}",
    re.IGNORECASE,
)
_OF_LANGUAGE = re.compile(
    r"\b(?P<name>python|typescript|javascript|rust|go|java|ruby)\s+(?=(?:source\s+)?(?:files?|functions?|classes|methods?|modules?|variables?)\b)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"^(?:\s|,|;|and|use|naming|names|conventions?|:|always|names\s+in)*$", re.IGNORECASE)


def style_of(body: str) -> Found | None:
    """Names: "snake_case for functions and variables, PascalCase for classes", in either order."""
    if "case" not in body.lower():
        return None
    body = re.sub(
        r"^(?:always\s+|please\s+)?(?:use|prefer|follow)\s+|^naming(?:\s+conventions?)?:\s*",
        "",
        body,
        flags=re.IGNORECASE,
    )
    named = _OF_LANGUAGE.search(body)
    languages = LANGUAGES[named.group("name").lower()] if named is not None else CODE
    body = _OF_LANGUAGE.sub("", body)
    for pattern in (_STYLE_FOR, _TARGET_IS):
        matches = list(pattern.finditer(body))
        if not matches or not _BETWEEN.match(pattern.sub("", body)):
            continue
        checks: list[Check] = []
        for match in matches:
            style = STYLES[match.group("style").lower()]
            for word in re.split(r"\s*[,/&]\s*|\s+and\s+", match.group("targets").lower()):
                target = None if "value" in word else _NAMED.get(re.sub(r"^and\s+", "", word)[:4])
                if target is not None:
                    checks.append(RequireNaming(target, style))
        if "component" in body.lower():  # their files are named as they are
            checks = [check for check in checks if not (isinstance(check, RequireNaming) and check.of == "file")]
        if checks:
            unique = list(dict.fromkeys(checks))
            if "component" in body.lower():  # functions, too, with names like those of classes
                languages = tuple(language for language in languages if not language.endswith("react"))
            return Found(unique[0], "prefer" not in body.lower(), languages=languages, also=tuple(unique[1:]))
    return None
