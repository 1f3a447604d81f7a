"""A rule: a sentence of an instruction file, and the declarative check that it became, or why it became none."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Kind = Literal["source", "process", "architecture", "semantic"]
Status = Literal["enforced", "advisory", "unsupported", "vague"]
"""`enforced`: has a check. `advisory`: a wish or a habit, or more than a check would see; not checked. `unsupported`:
clear, but no check is exact enough. `vague`: says nothing that could be checked."""
Severity = Literal["error", "warning"]

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Glob = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class ForbidReference(msgspec.Struct, tag="forbid_reference", tag_field="type", frozen=True, omit_defaults=True):
    """Code must not use these names: `console.log`, `console.*`, `eval`. Comments and strings do not count."""

    names: tuple[Name, ...]
    instead: str = ""
    unless_imported: bool = False
    """Files that import or declare the name themselves do not count: only the global one is meant."""


class ForbidImport(msgspec.Struct, tag="forbid_import", tag_field="type", frozen=True, omit_defaults=True):
    """Code must not import these modules, nor what is below them; or, where `names` are given, only these of them."""

    modules: tuple[Name, ...]
    instead: str = ""
    names: tuple[Name, ...] = ()


class ForbidConstruct(msgspec.Struct, tag="forbid_construct", tag_field="type", frozen=True, omit_defaults=True):
    """Code must not use a construct of the language that has a name here, such as `default_export`."""

    construct: Name
    instead: str = ""


class ForbidText(msgspec.Struct, tag="forbid_text", tag_field="type", frozen=True, omit_defaults=True):
    """A text, or a pattern in RE2 syntax, must not occur: in code, in comments, or anywhere in the file."""

    text: str = ""
    pattern: str = ""
    where: Literal["any", "comment", "code"] = "any"
    instead: str = ""


class RequireHeader(msgspec.Struct, tag="require_header", tag_field="type", frozen=True, omit_defaults=True):
    """The first lines of a file must contain this text."""

    text: str
    within_lines: Annotated[int, msgspec.Meta(ge=1, le=200)] = 10


class LimitLength(msgspec.Struct, tag="limit_length", tag_field="type", frozen=True, omit_defaults=True):
    """Lines, functions or files must not be longer: a line in columns, the others in lines; parameters are counted."""

    of: Literal["line", "function", "file", "parameters"]
    most: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class RequireNaming(msgspec.Struct, tag="require_naming", tag_field="type", frozen=True, omit_defaults=True):
    """Files, classes, functions, interfaces, type aliases or enums are named in one style, or with a prefix or suffix.

    `prefix` and `suffix` are those that a name must have, or with `never` must not have: there `Get` is a prefix of
    `GetStore`, not of `Getter`.
    """

    of: Literal["file", "class", "function", "interface", "type", "enum", "variable", "constant"]
    style: Literal["snake_case", "camelCase", "PascalCase", "kebab-case", "UPPER_CASE", ""] = ""
    prefix: str = ""
    suffix: str = ""
    never: bool = False


class RequireIndent(msgspec.Struct, tag="require_indent", tag_field="type", frozen=True, omit_defaults=True):
    """Lines are indented with tabs, or with spaces only."""

    style: Literal["tabs", "spaces"]


class RequireDocumented(msgspec.Struct, tag="require_documented", tag_field="type", frozen=True, omit_defaults=True):
    """Public functions and classes have a docstring, or parameters and results have annotations (Python).

    `comment`: exported functions and classes have a documentation comment (JavaScript, TypeScript, Go, Rust).
    """

    what: Literal["docstring", "annotations", "comment"]


class ForbidEdit(msgspec.Struct, tag="forbid_edit", tag_field="type", frozen=True, omit_defaults=True):
    """These files must not be changed by hand; looked at on a diff."""

    paths: tuple[Glob, ...]


class ForbidDependency(msgspec.Struct, tag="forbid_dependency", tag_field="type", frozen=True, omit_defaults=True):
    """Files of `sources` must not import files of `targets`; both are globs of this repository."""

    sources: tuple[Glob, ...]
    targets: tuple[Glob, ...]


class KeepLayers(msgspec.Struct, tag="keep_layers", tag_field="type", frozen=True, omit_defaults=True):
    """Layers from the top down, each a glob: a file imports its own layer and those below, never one above."""

    layers: Annotated[tuple[Glob, ...], msgspec.Meta(min_length=2, max_length=50)]


class ForbidCycles(msgspec.Struct, tag="forbid_cycles", tag_field="type", frozen=True, omit_defaults=True):
    """Files must not import each other in a circle."""

    within: tuple[Glob, ...] = ()


class RequirePlace(msgspec.Struct, tag="require_place", tag_field="type", frozen=True, omit_defaults=True):
    """Files of these globs are found in these places only."""

    files: tuple[Glob, ...]
    places: tuple[Glob, ...]


class ForbidFile(msgspec.Struct, tag="forbid_file", tag_field="type", frozen=True, omit_defaults=True):
    """There must be no files of these globs."""

    paths: tuple[Glob, ...]
    instead: str = ""


class RequirePartner(msgspec.Struct, tag="require_partner", tag_field="type", frozen=True, omit_defaults=True):
    """Each file has one beside it, such as its test: one of `partners`, in which `{dir}`, `{stem}`, `{ext}` stand."""

    files: tuple[Glob, ...]
    partners: Annotated[tuple[Glob, ...], msgspec.Meta(min_length=1, max_length=20)]


class RequireTogether(msgspec.Struct, tag="require_together", tag_field="type", frozen=True, omit_defaults=True):
    """When a file of `changed` changes, one of `also` must change too; looked at on a diff."""

    changed: tuple[Glob, ...]
    also: tuple[Glob, ...]


class ForbidCommand(msgspec.Struct, tag="forbid_command", tag_field="type", frozen=True, omit_defaults=True):
    """A command must not be run: the program, with all of `words` among its arguments, in order.

    `unless`: options of which any makes it allowed, "-tags test" being an option with its value. A rule that an option
    must be given says so in the same way.
    """

    program: Name
    words: tuple[str, ...] = ()
    instead: str = ""
    unless: tuple[Name, ...] = ()


class CheckMessage(msgspec.Struct, tag="check_message", tag_field="type", frozen=True, omit_defaults=True):
    """What the message of a commit, or title and text of a pull request, must not hold or must be like.

    `forbid` and `require` are patterns in RE2 syntax, `require` for the first line; `subject_most` is its longest
    length in code points, 0 for any.
    """

    of: Literal["commit", "pull_request"] = "commit"
    forbid: str = ""
    require: str = ""
    subject_most: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0


Check = (
    ForbidReference
    | ForbidImport
    | ForbidConstruct
    | ForbidText
    | RequireHeader
    | LimitLength
    | RequireNaming
    | RequireIndent
    | RequireDocumented
    | ForbidEdit
    | ForbidDependency
    | KeepLayers
    | ForbidCycles
    | RequirePlace
    | ForbidFile
    | RequirePartner
    | RequireTogether
    | ForbidCommand
    | CheckMessage
)


class Place(msgspec.Struct, frozen=True):
    """Where a rule stands: path relative to the root with `/`, 1-based line."""

    path: str
    line: int


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """One rule. `include` and `exclude` are globs relative to the root; without `include` all files below `folder`."""

    id: str
    kind: Kind
    status: Status
    text: str
    source: Place
    check: Check | None = None
    severity: Severity = "error"
    folder: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    why: str = ""
    """Why it is not enforced; empty when it is."""
    origin: Literal["", "model"] = ""
    """`model`: a model proposed the check, and nobody has edited it since."""


KIND_OF_CHECK: dict[type, Kind] = {
    ForbidEdit: "architecture",
    ForbidDependency: "architecture",
    KeepLayers: "architecture",
    ForbidCycles: "architecture",
    RequirePlace: "architecture",
    ForbidFile: "architecture",
    RequirePartner: "architecture",
    RequireTogether: "architecture",
    ForbidCommand: "process",
    CheckMessage: "process",
}
"""The kind of a rule by its check; all others are source checks."""


def kind_of(check: Check) -> Kind:
    """Which kind of rule a check makes."""
    return KIND_OF_CHECK.get(type(check), "source")
