"""Whether a command falls under a rule: its program, its subcommand and its options, as the program itself reads them.

What cannot be told for sure counts as no match. Imports next to nothing: the shims' quick check starts here.
"""

from __future__ import annotations

import itertools

from hunch_features.guard.git_commands import git_falls_under

TYPE_CHECKING = False  # `typing` and `collections` take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Options after which a program works in another folder. Git's is read in `git_commands`.
FOLDER_OPTIONS: dict[str, tuple[str, ...]] = {
    "bun": ("--cwd",),
    "cargo": ("-C",),
    "composer": ("-d", "--working-dir"),
    "just": ("-d", "--working-directory"),
    "make": ("-C", "--directory"),
    "npm": ("--prefix",),
    "npx": ("--prefix",),
    "pnpm": ("-C", "--dir"),
    "poetry": ("-C", "--directory", "-P", "--project"),
    "task": ("-d", "--dir"),
    "uv": ("--directory", "--project"),
    "yarn": ("--cwd",),
}

# What these programs take for the same subcommand.
_NODE = {"i": "install", "in": "install", "add": "install", "run-script": "run", "rum": "run", "t": "test", "x": "exec"}
SYNONYMS: dict[str, dict[str, str]] = {
    "npm": _NODE | {"un": "uninstall", "rm": "uninstall", "remove": "uninstall", "isntall": "install"},
    "pnpm": {"i": "install", "run-script": "run", "t": "test", "rm": "remove", "un": "remove", "uninstall": "remove"},
    "bun": {"i": "install", "a": "add", "rm": "remove"},
    "pip": {"i": "install"},
    "cargo": {"b": "build", "c": "check", "r": "run", "t": "test", "rm": "remove"},
}

# `npm test` runs what `npm run test` runs; yarn, pnpm and bun do so for any name of a script.
SCRIPTS_OF_NPM = frozenset({"test", "start", "stop", "restart"})
SHORT_RUN = frozenset({"yarn", "pnpm", "bun"})
_RUNS_A_NAME = frozenset({"run", "exec", "dlx", "run-script"})

HARMLESS = frozenset({"--dry-run", "--dry-run=client", "--dry-run=server", "--help"})

# Every plain word of these is a target.
TARGETS = frozenset({"make", "gmake", "just", "task", "rake", "mise", "tox", "nox", "rm", "gradle"})
# `-rf` is `-r -f` for these; for others, as for terraform, `-auto-approve` is one option.
CLUSTERS = frozenset({"rm", "cp", "mv", "ls", "grep", "sed", "curl", "wget", "docker", "tar", "chmod", "psql", "make"})
LONG_OF_SHORT: dict[str, dict[str, str]] = {
    "rm": {"r": "--recursive", "R": "--recursive", "f": "--force", "d": "--dir", "i": "--interactive"},
    "curl": {"k": "--insecure", "L": "--location"},
    "docker": {"v": "--volumes", "f": "--force"},
}


class Forbidden:
    """What a rule forbids: a program with words. `lease` tells whether pushing with a lease is a forced push, too.

    `unless` are options of which any makes the command one that the rule does not mean.
    """

    __slots__ = ("lease", "program", "unless", "words")

    def __init__(self, program: str, words: Sequence[str], lease: bool = False, unless: Sequence[str] = ()) -> None:
        self.program = program
        self.words = tuple(words)
        self.lease = lease
        self.unless = tuple(unless)


def falls_under(forbidden: Forbidden, program: str, arguments: Sequence[str], folder: str) -> bool:
    """Whether `program` with `arguments`, run in `folder` (absolute), is what is forbidden.

    Plain words are looked for among the plain arguments in order, the first of them where the subcommand stands;
    options anywhere before `--`. Git is read as git reads it, branch and refspecs included. A dry run, or a question
    for help, does nothing and falls under no rule that names a subcommand or an option.
    """
    if program != forbidden.program or (forbidden.words and _does_nothing(forbidden.words, arguments)):
        return False
    if program == "git":
        return git_falls_under(forbidden.words, arguments, folder, lease=forbidden.lease, unless=forbidden.unless)
    wanted = [word for word in forbidden.words if not word.startswith("-")]
    options = [word for word in forbidden.words if word.startswith("-")]
    given = list(arguments)
    before = given[: given.index("--")] if "--" in given else given
    if any(_is_given(program, option, before) for option in forbidden.unless):
        return False
    return all(_has_option(program, option, before) for option in options) and _has_words(program, wanted, given)


def _is_given(program: str, wanted: str, arguments: Sequence[str]) -> bool:
    """Whether what makes a command allowed is given: an option, an option with its value, or a plain word."""
    name, _, value = wanted.partition(" ")
    if not name.startswith("-"):
        return name in arguments
    if not value:
        return _has_option(program, name, arguments)
    pairs = itertools.pairwise(arguments)
    return f"{name}={value}" in arguments or any(one == name and value in other.split(",") for one, other in pairs)


def _does_nothing(words: Sequence[str], arguments: Sequence[str]) -> bool:
    for argument in arguments:
        if argument == "--":
            return False
        if argument in HARMLESS and argument not in words:
            return True
    return False


def _has_words(program: str, wanted: Sequence[str], arguments: Sequence[str]) -> bool:
    if not wanted:
        return True
    names = SYNONYMS.get(program, {})
    wanted = [names.get(wanted[0], _plain(wanted[0])), *map(_plain, wanted[1:])]
    if program in TARGETS:
        plain = [_plain(word) for word in arguments if not word.startswith("-")]
        return all(word in plain for word in wanted)
    if program in SHORT_RUN:
        wanted = wanted[1:] if wanted[0] == "run" and len(wanted) > 1 else wanted
        arguments = _without_run(names, arguments) if wanted != ["run"] else arguments
    elif program == "npm":
        wanted = ["run", *wanted] if wanted[0] in SCRIPTS_OF_NPM else wanted
        arguments = _with_run(names, arguments)
    return _follow(names, wanted, arguments)


def _follow(names: dict[str, str], wanted: Sequence[str], arguments: Sequence[str]) -> bool:
    """The first word is a subcommand; the others come after it, and the name of a script right after `run`."""
    for at in _subcommands(arguments):
        if names.get(arguments[at], arguments[at]) != wanted[0]:
            continue
        rest = arguments[at + 1 :]
        if len(wanted) > 1 and wanted[0] in _RUNS_A_NAME:
            if _follow({}, wanted[1:], rest):
                return True
            continue
        left = iter([_plain(word) for word in rest if not word.startswith("-")])
        if all(word in left for word in wanted[1:]):
            return True
    return False


def _without_run(names: dict[str, str], arguments: Sequence[str]) -> Sequence[str]:
    for at in _subcommands(arguments):
        if names.get(arguments[at], arguments[at]) == "run":
            return [*arguments[:at], *arguments[at + 1 :]]
    return arguments


def _with_run(names: dict[str, str], arguments: Sequence[str]) -> Sequence[str]:
    for at in _subcommands(arguments):
        name = names.get(arguments[at], arguments[at])
        if name in SCRIPTS_OF_NPM:
            return [*arguments[:at], "run", name, *arguments[at + 1 :]]
        if name == "run":
            return arguments
    return arguments


def _subcommands(arguments: Sequence[str]) -> Iterator[int]:
    """Where the subcommand may stand: a plain word after a bare option can be that option's value, or be it."""
    after_option = False
    for at, argument in enumerate(arguments):
        if argument == "--":
            return
        if argument.startswith("-") and argument != "-":
            after_option = "=" not in argument
            continue
        yield at
        if not after_option:
            return
        after_option = False


def _plain(word: str) -> str:
    """`./dist/` and `dist` are the same thing to every program here."""
    trimmed = word.removeprefix("./").rstrip("/")
    return trimmed or word


def _has_option(program: str, wanted: str, arguments: Sequence[str]) -> bool:
    """Whether an option is given: `--all` also as `--all=…`, `-r` also within `-rf` where the program reads it so."""
    if wanted.startswith("--"):
        letters = [letter for letter, long in LONG_OF_SHORT.get(program, {}).items() if long == wanted]
        return any(
            argument == wanted or argument.startswith(f"{wanted}=") or _in_cluster(argument, letters)
            for argument in arguments
        )
    if program not in CLUSTERS or len(wanted) == 1:
        return any(argument == wanted or argument.startswith(f"{wanted}=") for argument in arguments)
    return all(_has_letter(program, letter, arguments) for letter in wanted[1:])


def _has_letter(program: str, letter: str, arguments: Sequence[str]) -> bool:
    longs = LONG_OF_SHORT.get(program, {})
    long = longs.get(letter)
    letters = [letter, *(other for other, name in longs.items() if long is not None and name == long)]
    return any(argument == long or _in_cluster(argument, letters) for argument in arguments)


def _in_cluster(argument: str, letters: Sequence[str]) -> bool:
    if len(argument) < 2 or argument[0] != "-" or argument[1] == "-":
        return False
    return any(letter in argument[1:] for letter in letters)
