"""What each habit is called in plain words, where it holds, and the check that would enforce it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from hunch_features.constraints.rule import Check, ForbidConstruct, RequireDocumented, RequireNaming, RequirePlace

Where = Literal["source", "tests", "all"]
Style = Literal["snake_case", "camelCase", "PascalCase", "kebab-case", "UPPER_CASE"]


@dataclass(frozen=True, slots=True)
class Feature:
    """A choice. Only the values that have a sentence are habits that are listed.

    `per_file`: one choice per file, or about as few. `in_one_place`: all in one file is how it should be.
    """

    about: str
    says: Mapping[str, str]
    where: Where = "all"
    per_file: bool = False
    checks: Mapping[str, Check] = field(default_factory=dict)
    in_one_place: bool = False


_STYLES: tuple[Style, ...] = ("snake_case", "camelCase", "PascalCase", "kebab-case", "UPPER_CASE")


def _names(of: Literal["file", "class", "function"], plural: str, where: Where) -> Feature:
    return Feature(
        "names",
        {style: f"{plural} are named in {style}." for style in _STYLES},
        where,
        of == "file",
        {style: RequireNaming(of, style) for style in _STYLES},
    )


FEATURES: dict[str, Feature] = {
    "python.function-name": _names("function", "Functions", "source"),
    "python.class-name": _names("class", "Classes", "all"),
    "python.file-name": _names("file", "Files", "source"),
    "python.constant-name": Feature(
        "names", {"UPPER_CASE": "Constants of a module are named in UPPER_CASE."}, "source",
    ),
    "python.docstring": Feature(
        "docs", {"yes": "Public functions have a docstring."}, "source",
        checks={"yes": RequireDocumented("docstring")},
    ),
    "python.docstring-style": Feature(
        "docs", {"google": "Docstrings have sections in Google's style (`Args:`).",
                 "numpy": "Docstrings have sections in NumPy's style (underlined).",
                 "sphinx": "Docstrings tell parameters in Sphinx's style (`:param x:`)."}, "source",
    ),
    "python.docstring-mood": Feature(
        "docs", {"imperative": "Docstrings of functions begin with an imperative (“Return …”).",
                 "third person": "Docstrings of functions begin with a verb in the third person (“Returns …”)."},
        "source",
    ),
    "python.docstring-end": Feature(
        "docs", {"with": "The first line of a docstring ends with a period.",
                 "without": "The first line of a docstring ends without a period."}, "source",
    ),
    "python.docstring-start": Feature(
        "docs", {"same line": "Longer docstrings begin on the line of the quotes.",
                 "next line": "Longer docstrings begin on the line after the quotes."},
    ),
    "python.quotes": Feature(
        "layout", {"double": "Strings stand in double quotes.", "single": "Strings stand in single quotes."}
    ),
    "python.own-import": Feature(
        "imports", {"relative": "Modules of the same package are imported relatively (`from .x import y`).",
                    "absolute": "The repository's own modules are imported by their whole name."}, "source",
        checks={"absolute": ForbidConstruct("relative_import")},
    ),
    "python.future-annotations": Feature(
        "imports", {"yes": "Files begin with `from __future__ import annotations`."}, per_file=True
    ),
    "python.log-message": Feature(
        "logging", {"% arguments": "Log messages get their values as arguments (`log.info(\"%s\", x)`).",
                    "f-strings": "Log messages are f-strings.",
                    "formatted before": "Log messages are formatted before they are logged."},
    ),
    "python.raise-from": Feature(
        "errors", {"with": "An exception raised while handling another names its cause (`raise … from …`)."},
    ),
    "python.exception-name": Feature(
        "errors", {"Error": "Names of exceptions end with `Error`.",
                   "Exception": "Names of exceptions end with `Exception`."}, in_one_place=True,
    ),
    "python.except": Feature(
        "errors", {"named": "`except` names what it catches."}, checks={"named": ForbidConstruct("bare_except")}
    ),
    "python.annotations": Feature(
        "types", {"yes": "Public functions have type annotations."}, "source",
        checks={"yes": RequireDocumented("annotations")},
    ),
    "python.optional": Feature(
        "types", {"X | None": "Optional types are written `X | None`.",
                  "Optional[X]": "Optional types are written `Optional[X]`."},
    ),
    "python.generics": Feature(
        "types", {"list[X]": "Generic types are the built-in ones (`list[X]`).",
                  "List[X]": "Generic types are those of `typing` (`List[X]`)."},
    ),
    "python.formatting": Feature(
        "layout", {"f-strings": "Texts are put together with f-strings.",
                   "str.format": "Texts are put together with `str.format`.",
                   "% formatting": "Texts are put together with `%`."},
    ),
    "python.paths": Feature(
        "library", {"pathlib": "Paths are handled with `pathlib`.", "os.path": "Paths are handled with `os.path`."},
    ),
    "python.super": Feature("layout", {"plain": "`super()` is called without arguments.",
                                       "with arguments": "`super` is called with arguments."}),
    "python.test-style": Feature(
        "tests", {"functions": "Tests are functions.", "classes": "Tests are methods of plain classes.",
                  "unittest": "Tests are methods of `unittest.TestCase` classes."}, "tests",
    ),
    "python.test-assert": Feature(
        "tests", {"assert": "Tests use plain `assert`.", "self.assert…": "Tests use `self.assert…` methods."}, "tests",
    ),
    "python.test-file-name": Feature(
        "tests", {"test_*.py": "Test files are named `test_*.py`.", "*_test.py": "Test files are named `*_test.py`."},
        "tests", per_file=True,
    ),
    "script.function-name": _names("function", "Functions", "all"),
    "script.class-name": _names("class", "Classes", "all"),
    "script.file-name": _names("file", "Files", "source"),
    "script.constant-name": Feature(
        "names", {"UPPER_CASE": "Constants of a module are named in UPPER_CASE.",
                  "camelCase": "Constants of a module are named in camelCase."}, "source",
    ),
    "script.quotes": Feature(
        "layout", {"double": "Strings stand in double quotes.", "single": "Strings stand in single quotes."}
    ),
    "script.semicolons": Feature(
        "layout", {"with": "Statements end with semicolons.", "without": "Statements end without semicolons."}
    ),
    "script.function-form": Feature(
        "layout", {"function declarations": "Functions of a module are declared with `function`.",
                   "arrow functions": "Functions of a module are arrow functions."}, "source",
    ),
    "script.variables": Feature(
        "layout", {"const and let": "Variables are declared with `const` and `let`.",
                   "var": "Variables are declared with `var`."},
        checks={"const and let": ForbidConstruct("var_declaration")},
    ),
    "script.equality": Feature("layout", {"=== and !==": "Values are compared with `===` and `!==`."}),
    "script.promises": Feature(
        "layout", {"await": "Promises are awaited (`await`).", ".then": "Promises are chained (`.then`)."}
    ),
    "script.export": Feature(
        "imports", {"named": "Exports are named.", "default": "Exports are default exports."}, "source",
        checks={"named": ForbidConstruct("default_export")},
    ),
    "script.import-end": Feature(
        "imports", {"with .js": "Relative imports end with `.js`.", "with .ts": "Relative imports end with `.ts`.",
                    "without": "Relative imports have no file ending."},
    ),
    "script.node-import": Feature(
        "imports", {"node:": "Node's own modules are imported with `node:`.",
                    "bare": "Node's own modules are imported without `node:`."},
    ),
    "script.object-types": Feature(
        "types", {"interface": "Object types are interfaces.", "type": "Object types are type aliases."}
    ),
    "script.return-type": Feature("types", {"yes": "Functions of a module say what they return."}, "source"),
    "script.test-file-name": Feature(
        "tests", {"*.test.*": "Test files are named `*.test.*`.", "*.spec.*": "Test files are named `*.spec.*`."},
        "tests", per_file=True,
    ),
    "script.test-call": Feature(
        "tests", {"it": "Tests are written with `it`.", "test": "Tests are written with `test`."}, "tests"
    ),
    "go.file-name": _names("file", "Files", "source"),
    "go.doc": Feature("docs", {"yes": "Exported functions and types have a comment."}, "source"),
    "go.doc-start": Feature(
        "docs", {"its name": "Comments of exported functions and types begin with the name."}, "source"
    ),
    "go.error-name": Feature("errors", {"ErrX": "Errors of a package are named `ErrX`."}, "source"),
    "go.error-wrap": Feature(
        "errors", {"%w": "Errors are wrapped with `%w`."}
    ),
    "go.test-tools": Feature(
        "tests", {"testify": "Tests use testify.", "testing only": "Tests use the standard library's `testing` only."},
        "tests", per_file=True,
    ),
    "go.test-package": Feature(
        "tests", {"pkg": "Tests are in the package that they test.", "pkg_test": "Tests are in a package `…_test`."},
        "tests", per_file=True,
    ),
    "go.test-name": Feature("tests", {"TestThing": "Names of tests have no underscore."}, "tests"),
    "go.test-fail": Feature(
        "tests", {"t.Fatal": "Failing tests end with `t.Fatal`.", "t.Error": "Failing tests go on with `t.Error`."},
        "tests",
    ),
}  # fmt: skip
_TEST_FILES = {"python": ("**/test_*.py", "**/*_test.py"), "script": ("**/*.test.*", "**/*.spec.*")}
MOSTLY_FROM = frozenset({"typing", "datetime", "pathlib", "dataclasses", "collections", "functools"})
"""Modules of which most code imports names: importing the module is a habit worth telling."""
ORDER = (
    "helpers", "errors", "logging", "imports", "types", "tests", "docs", "names", "library", "layout", "commits",
)  # fmt: skip


def feature_of(key: str) -> Feature | None:
    """What is known of a choice; None for those that are only counted."""
    if key.startswith("python.import."):
        return Feature("imports", {}, per_file=True)
    if key == "python.logger":
        return Feature("logging", {}, per_file=True)
    if key.endswith(".test-place"):
        return Feature("tests", {}, "tests", per_file=True)
    if key.endswith(".exception-base"):
        return Feature("errors", {}, per_file=True, in_one_place=True)
    return FEATURES.get(key)


def check_of(key: str, value: str) -> Check | None:
    """The check that would enforce a habit, where one fits."""
    if key.endswith(".test-place") and value != "beside":
        return RequirePlace(_TEST_FILES[key.split(".", 1)[0]], (f"{value}/**",))
    feature = FEATURES.get(key)
    return feature.checks.get(value) if feature is not None else None


def sentence(key: str, value: str) -> str:
    """The habit in words; empty for a value that is no habit worth telling."""
    if key.startswith("python.import."):
        module = key.removeprefix("python.import.")
        if " as " in value or (module in MOSTLY_FROM and value.startswith("import ")):
            return f"`{module}` is imported as `{value}`."
        return ""
    if key == "python.logger":
        return f"Loggers are made as `{value}`."
    if key.endswith(".test-place"):
        return "Tests stand beside the code that they test." if value == "beside" else f"Tests stand below `{value}/`."
    if key.endswith(".exception-base"):
        return f"Exceptions extend `{value}`." if value != "another" else ""
    feature = FEATURES.get(key)
    return feature.says.get(value, "") if feature is not None else ""
