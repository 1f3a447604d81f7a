"""Git's command line as git reads it: global options, aliases, forced pushes, the branches that a push would change.

Nothing of a repository is executed: an alias is text that is looked at, and the current branch is read from `HEAD`.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # `typing` and `collections` take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_HEAD_BYTES = 4096
MAX_ALIASES = 10
"""Aliases that stand for aliases, after which git's own loop check would have ended it."""

_WITH_VALUE = frozenset(
    {"-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--attr-source"}
)
# Short options that take a value: what follows in the same word is no more options.
_SHORT_WITH_VALUE: dict[str, str] = {
    "push": "o", "commit": "mFcCtSu", "merge": "mXsFS", "tag": "muFn", "checkout": "bB", "switch": "cC",
    "rebase": "xXsS", "branch": "u", "stash": "m", "clean": "e", "clone": "obcju", "pull": "sXSj", "reset": "",
    "revert": "mXsS", "cherry-pick": "mXsS", "am": "pCS", "fetch": "oj", "add": "",
}  # fmt: skip
_LONG_WITH_VALUE: dict[str, frozenset[str]] = {
    "push": frozenset({"-o", "--push-option", "--receive-pack", "--exec", "--repo"}),
    "commit": frozenset(
        {"-m", "--message", "-F", "--file", "-c", "-C", "--reuse-message", "--reedit-message", "--fixup", "--squash",
         "--author", "--date", "-t", "--template", "--cleanup", "--trailer", "--pathspec-from-file"}
    ),
    "merge": frozenset(
        {"-m", "-F", "--file", "-s", "--strategy", "-X", "--strategy-option", "--cleanup", "--into-name"}
    ),
    "rebase": frozenset({"--onto", "-x", "--exec", "-s", "--strategy", "-X", "--strategy-option"}),
    "checkout": frozenset({"-b", "-B", "--orphan", "--conflict", "--pathspec-from-file"}),
    "tag": frozenset({"-m", "--message", "-F", "--file", "-u", "--local-user", "--sort", "--format"}),
}  # fmt: skip
SAME: dict[tuple[str, str], str] = {
    ("push", "f"): "--force", ("push", "d"): "--delete", ("push", "u"): "--set-upstream", ("push", "n"): "--dry-run",
    ("commit", "n"): "--no-verify", ("commit", "a"): "--all", ("commit", "s"): "--signoff",
    ("add", "A"): "--all", ("add", "f"): "--force", ("add", "u"): "--update", ("add", "n"): "--dry-run",
    ("clean", "f"): "--force", ("clean", "n"): "--dry-run", ("checkout", "f"): "--force", ("switch", "f"): "--force",
    ("branch", "f"): "--force", ("branch", "d"): "--delete", ("branch", "m"): "--move", ("tag", "f"): "--force",
    ("tag", "d"): "--delete", ("rebase", "i"): "--interactive", ("rm", "f"): "--force", ("fetch", "f"): "--force",
}  # fmt: skip
_EXACT = frozenset({"--force", "--all", "--no-force", "--delete", "--tags", "--dry-run", "--edit", "--no-edit"})

BUILT_IN = frozenset(
    {"add", "am", "annotate", "apply", "archive", "bisect", "blame", "branch", "bundle", "cat-file",
    "check-attr", "check-ignore", "check-ref-format", "checkout", "checkout-index", "cherry", "cherry-pick",
    "clean", "clone", "column", "commit", "commit-graph", "commit-tree", "config", "count-objects",
    "credential", "describe", "diff", "diff-files", "diff-index", "diff-tree", "fast-export", "fast-import",
    "fetch", "fetch-pack", "for-each-ref", "format-patch", "fsck", "gc", "grep", "hash-object", "help",
    "index-pack", "init", "interpret-trailers", "log", "ls-files", "ls-remote", "ls-tree", "mailinfo",
    "maintenance", "merge", "merge-base", "merge-file", "merge-tree", "mv", "name-rev", "notes", "pack-objects",
    "pack-refs", "patch-id", "prune", "pull", "push", "range-diff", "read-tree", "rebase", "reflog", "remote",
    "repack", "replace", "rerere", "reset", "restore", "rev-list", "rev-parse", "revert", "rm", "send-pack",
    "shortlog", "show", "show-branch", "show-ref", "sparse-checkout", "stash", "status", "stripspace",
    "submodule", "switch", "symbolic-ref", "tag", "unpack-objects", "update-index", "update-ref", "var",
    "verify-commit", "verify-pack", "verify-tag", "version", "whatchanged", "worktree", "write-tree"}
)  # fmt: skip
"""Subcommands that no alias can replace."""


class GitCommand:
    """A git command line in its parts: `subcommand` (empty without one), what follows, and where git would work."""

    __slots__ = ("aliases", "arguments", "folder", "subcommand")

    def __init__(self, subcommand: str, arguments: list[str], folder: str, aliases: dict[str, str]) -> None:
        self.subcommand = subcommand
        self.arguments = arguments
        self.folder = folder
        self.aliases = aliases


def parse(arguments: Sequence[str], folder: str) -> GitCommand:
    """Read git's global options. `aliases` are those given with `-c alias.NAME=…`."""
    given = list(arguments)
    aliases: dict[str, str] = {}
    at = 0
    while at < len(given) and given[at].startswith("-"):
        word = given[at]
        value = given[at + 1] if at + 1 < len(given) else ""
        if word == "-C" and value:
            folder = os.path.join(folder, value)  # noqa: PTH118 - pathlib would cost half the time of the check
        elif word == "-c" and value.lower().startswith("alias.") and "=" in value:
            name, _, meaning = value[6:].partition("=")
            aliases[name] = meaning
        elif word.startswith("--git-dir=") or word == "--git-dir":
            directory = word.partition("=")[2] or value
            folder = os.path.join(folder, directory.rstrip("/").removesuffix(".git") or ".")  # noqa: PTH118
        elif word.startswith("--work-tree=") or word == "--work-tree":
            folder = os.path.join(folder, word.partition("=")[2] or value)  # noqa: PTH118
        at += 2 if word in _WITH_VALUE else 1
    return GitCommand(given[at] if at < len(given) else "", given[at + 1 :], folder, aliases)


def git_falls_under(
    words: Sequence[str], arguments: Sequence[str], folder: str, *, lease: bool = False, unless: Sequence[str] = ()
) -> bool:
    """Whether git with these arguments in `folder` does what `words` forbid; `lease`: a lease is a forced push, too.

    `unless`: options of which any makes it allowed.
    """
    command = parse(arguments, folder)
    meaning = command.aliases.get(command.subcommand)
    if meaning is not None and command.subcommand not in BUILT_IN:
        return any(
            git_falls_under(words, one, folder, lease=lease, unless=unless) for one in alias_commands(meaning, command)
        )
    plain = [word for word in words if not word.startswith("-")]
    options = [word for word in words if word.startswith("-")]
    if plain and command.subcommand != plain[0]:
        return False
    if not plain and not options:
        return True
    rest = plain[1:]
    given, positions = _options(command)
    if any(_given(option, given, command.subcommand) for option in unless):
        return False
    if command.subcommand == "push":
        return _push_falls_under(rest, options, command, lease)
    if not all(_given(option, given, command.subcommand) for option in options):
        return False
    if command.subcommand == "commit" and rest:
        return [current_branch(command.folder)] == rest  # the branch that a rule speaks of is no file to commit
    left = iter(positions)
    return all(word in left for word in rest)


def alias_commands(meaning: str, command: GitCommand) -> list[list[str]]:
    """Command lines of git (without `git`) that an alias stands for. Those of a shell alias are found by their text."""
    import shlex  # noqa: PLC0415 - only aliases need it

    shell = meaning.lstrip().startswith("!")
    lexer = shlex.shlex(meaning.lstrip().removeprefix("!"), posix=True, punctuation_chars=shell)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        words = list(lexer)
    except ValueError:
        return []
    if not shell:
        return [[*words, *command.arguments]]
    found: list[list[str]] = []
    current: list[str] | None = None
    for word in words:
        if set(word) <= set("();<>|&{}"):
            current = None
        elif word == "git" and current is None:
            current = []
            found.append(current)
        elif current is not None and word not in ("$@", "$*"):
            current.append(word)
    return [[*one, *command.arguments] for one in found]


def _push_falls_under(rest: Sequence[str], options: Sequence[str], command: GitCommand, lease: bool) -> bool:
    given, positions = _options(command)
    if "--dry-run" in given and "--no-dry-run" not in given:
        return False
    refspecs = positions[1:]
    for option in options:
        wanted = "--force" if option == "-f" else option
        if wanted == "--force":
            if not _is_forced(given, refspecs, lease):
                return False
        elif not _given(wanted, given, "push"):
            return False
    targets = {word.removeprefix("refs/heads/") for word in _targets(refspecs, given, command.folder)}
    everything = bool({"--all", "--branches", "--mirror"} & set(given))
    remotes = positions[:1] or ["origin"]
    return all(everything or word in targets or word in remotes for word in rest)


def _is_forced(given: Sequence[str], refspecs: Sequence[str], lease: bool) -> bool:
    forced = any(word.startswith("+") for word in refspecs) or "--mirror" in given
    for option in given:
        if option in ("--force", "--no-force"):
            forced = option == "--force"
        elif lease and (option == "--force-with-lease" or option.startswith("--force-with-lease=")):
            forced = True
    return forced


def _targets(refspecs: Sequence[str], given: Sequence[str], folder: str) -> list[str]:
    """The remote branches that a push names, or would take: the current one when it names none."""
    if not refspecs:
        return [] if "--tags" in given else [current_branch(folder)]
    found: list[str] = []
    for refspec in refspecs:
        source, colon, target = refspec.removeprefix("+").partition(":")
        name = target if colon else source
        found.append(current_branch(folder) if name in ("HEAD", "@") else name)
    return found


def _options(command: GitCommand) -> tuple[list[str], list[str]]:
    """Options, short ones as the long ones that they stand for, and what is left."""
    takes = _LONG_WITH_VALUE.get(command.subcommand, frozenset())
    valued = _SHORT_WITH_VALUE.get(command.subcommand, "")
    options: list[str] = []
    positions: list[str] = []
    at = 0
    words = command.arguments
    while at < len(words):
        word = words[at]
        at += 1
        if word == "--":
            positions += words[at:]
            break
        if word.startswith("--"):
            options.append(word)
            at += word in takes
        elif word.startswith("-") and len(word) > 1:
            for number, letter in enumerate(word[1:]):
                options += [f"-{letter}", *filter(None, [SAME.get((command.subcommand, letter))])]
                if letter in valued:  # the rest of the word is its value, or else the next word
                    at += number == len(word) - 2 and f"-{letter}" in takes
                    break
        else:
            positions.append(word)
    return options, positions


def _given(wanted: str, given: Sequence[str], subcommand: str) -> bool:
    """Whether an option is among those given; git takes the beginning of a long option for it where it is unique."""
    if not wanted.startswith("--"):
        if len(wanted) == 2:
            long = SAME.get((subcommand, wanted[1]), wanted)
            return wanted in given or long in given
        return all(_given(f"-{letter}", given, subcommand) for letter in wanted[1:]) or wanted in given
    for option in given:
        name = option.partition("=")[0]
        if name == wanted or (len(name) >= 6 and wanted.startswith(name) and name not in _EXACT):
            return True
    return False


def current_branch(folder: str) -> str:
    """The branch that `HEAD` of the repository around `folder` names; empty when there is none to be read."""
    here = os.path.abspath(folder)  # noqa: PTH100
    while True:
        dot_git = os.path.join(here, ".git")  # noqa: PTH118
        if os.path.lexists(dot_git):
            break
        above = os.path.dirname(here)  # noqa: PTH120
        if above == here:
            return ""
        here = above
    if os.path.isfile(dot_git):  # noqa: PTH113 - a worktree or a submodule
        directory = _first_line(dot_git).removeprefix("gitdir: ")
        dot_git = os.path.join(here, directory)  # noqa: PTH118
    return _first_line(os.path.join(dot_git, "HEAD")).removeprefix("ref: ").removeprefix("refs/heads/")  # noqa: PTH118


def _first_line(path: str) -> str:
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - never wait for a pipe
            return ""
        with open(path, "rb") as file:  # noqa: PTH123
            return file.readline(MAX_HEAD_BYTES).decode("utf-8", "replace").strip()
    except (OSError, ValueError):
        return ""
