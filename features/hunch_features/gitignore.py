"""What git ignores in a tree, read from its own files. Git is never run: a repository can make it run things."""

from __future__ import annotations

from pathlib import Path

from pathspec import GitIgnoreSpec

MAX_IGNORE_BYTES = 256 * 1024


class GitIgnore:
    """The `.gitignore` files of one root and `.git/info/exclude`, read when needed and kept until `forget`."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._specs: dict[str, GitIgnoreSpec | None] = {}

    def forget(self) -> None:
        """Read the files again from now on."""
        self._specs.clear()

    def ignores(self, parts: tuple[str, ...], *, is_folder: bool) -> bool:
        """Whether a path, given by its parts below the root, is ignored by itself, whatever is said of its folders."""
        end = "/" if is_folder else ""
        exclude = self._at(".git/info/exclude")
        ignored = exclude is not None and bool(exclude.check_file("/".join(parts) + end).include)
        for depth in range(len(parts)):
            spec = self._at("/".join((*parts[:depth], ".gitignore")))
            if spec is not None:
                found = spec.check_file("/".join(parts[depth:]) + end).include
                ignored = ignored if found is None else found
        return ignored

    def ignores_file(self, parts: tuple[str, ...]) -> bool:
        """Whether a file is ignored; as in git, it cannot be taken back in when a folder above it is ignored."""
        return any(self.ignores(parts[:length], is_folder=length < len(parts)) for length in range(1, len(parts) + 1))

    def _at(self, name: str) -> GitIgnoreSpec | None:
        if name not in self._specs:
            self._specs[name] = _read(self._root / name)
        return self._specs[name]


def _read(path: Path) -> GitIgnoreSpec | None:
    try:
        if not path.is_file() or path.stat().st_size > MAX_IGNORE_BYTES:
            return None
        return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except (OSError, ValueError):
        return None
