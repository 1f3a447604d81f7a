"""The paths of a repository in RAM, and which file an import names. No file is opened."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable

MAX_CANDIDATES = 200
_SCRIPT_ENDS = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", "/index.ts", "/index.tsx", "/index.js")
_SCRIPTS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"})


class Paths:
    """Paths below one root (with `/`), found by their ends."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        self._all: set[str] = set()
        for path in paths:
            self.add(path)

    def __contains__(self, path: object) -> bool:
        return path in self._all

    def all(self) -> frozenset[str]:
        """Every path."""
        return frozenset(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def named(self, name: str) -> frozenset[str]:
        """Every path of a file of this name."""
        return frozenset(self._by_name.get(name, ()))

    def has_below(self, folder: str) -> bool:
        """Whether files lie below a folder."""
        lead = f"{folder}/"
        return any(path.startswith(lead) for path in self._all)

    def add(self, path: str) -> None:
        """A file that exists."""
        self._all.add(path)
        self._by_name[posixpath.basename(path)].add(path)

    def discard(self, path: str) -> None:
        """A file that is gone."""
        self._all.discard(path)
        self._by_name[posixpath.basename(path)].discard(path)

    def ending(self, end: str, near: str = "") -> str | None:
        """The file whose path is `end` or ends with `/end`: of several the one that shares most folders with `near`."""
        if end in self._all:
            return end
        same_name = self._by_name.get(posixpath.basename(end))
        if not same_name or len(same_name) > MAX_CANDIDATES:
            return None
        found = [path for path in same_name if path.endswith(f"/{end}")]
        return min(found, key=lambda path: (-_shared(path, near), len(path), path), default=None)

    def imported(self, language: str, module: str, importer: str) -> str | None:
        """The file that an import of `module` (as written) in `importer` names; None for what lies elsewhere."""
        module = module.strip()
        if not module or len(module) > 300:
            return None
        for end in _candidates(language, module, importer):
            rooted = end.startswith("/")
            found = end[1:] if rooted and end[1:] in self._all else None if rooted else self.ending(end, importer)
            if found is not None and found != importer:
                return found
        return None

    def modules_below(self, importer: str, package: str) -> list[tuple[str, str]]:
        """Name and path of the Python modules and packages directly below `package` (`a.b.`, `.`, or empty)."""
        bare = package.lstrip(".")
        dots = len(package) - len(bare)
        inner = bare.strip(".").replace(".", "/")
        if dots:
            folders = importer.split("/")[:-1]
            folders = folders[: len(folders) - dots + 1]
            starts = ["/".join([*folders, *([inner] if inner else [])])]
        elif inner:
            found = self.ending(f"{inner}/__init__.py", importer)
            starts = [posixpath.dirname(found)] if found else [inner]
        else:
            starts = ["", "src"]
        modules: dict[str, str] = {}
        for start in starts:
            lead = f"{start}/" if start else ""
            for path in self._all:
                if path.startswith(lead) and path.endswith(".py"):
                    rest = path[len(lead) :]
                    if "/" not in rest and rest != "__init__.py":
                        modules[rest[:-3]] = path
                    elif rest.count("/") == 1 and rest.endswith("/__init__.py"):
                        modules[rest.split("/", 1)[0]] = path
        return sorted(modules.items())

    def in_folder(self, end: str, suffix: str) -> list[str]:
        """Files with a suffix in the folder whose path ends with `end` (Go packages)."""
        return sorted(
            path
            for path in self._all
            if path.endswith(suffix) and (folder := posixpath.dirname(path)) and f"/{folder}".endswith(f"/{end}")
        )


def _shared(path: str, near: str) -> int:
    count = 0
    for one, other in zip(path.split("/")[:-1], near.split("/")[:-1], strict=False):
        if one != other:
            break
        count += 1
    return count


def _candidates(language: str, module: str, importer: str) -> list[str]:
    """Ends of paths that a module may have, likeliest first; a leading `/` means exactly there."""
    folder = posixpath.dirname(importer)
    if language == "python":
        return _python(module, folder)
    if language in _SCRIPTS:
        return _script(module, folder)
    if language in ("c", "cpp"):
        return [f"/{posixpath.normpath(posixpath.join(folder, module))}", module]
    if language == "java":
        return [f"{module.replace('.', '/')}.java", f"{posixpath.dirname(module.replace('.', '/'))}.java"]
    if language == "ruby":
        return [f"/{posixpath.normpath(posixpath.join(folder, module))}.rb", f"{module}.rb"]
    if language == "rust":
        return _rust(module, folder)
    return []


def _python(module: str, folder: str) -> list[str]:
    bare = module.lstrip(".")
    dots = len(module) - len(bare)
    path = bare.replace(".", "/")
    if dots:
        base = "/".join(["", *folder.split("/")[: len(folder.split("/")) - dots + 1]]) if folder else ""
        base = base.rstrip("/")
        return [f"{base}/{path}.py", f"{base}/{path}/__init__.py"] if path else [f"{base}/__init__.py"]
    return [f"{path}.py", f"{path}/__init__.py", f"{path}.pyi"]


def _script(module: str, folder: str) -> list[str]:
    if module.startswith("."):
        base = "/" + posixpath.normpath(posixpath.join(folder, module))
    elif module.startswith(("@/", "~/", "#/")):
        base = module[2:]  # the usual alias of the source folder
    else:
        return []
    stem = base[:-3] if base.endswith(".js") else base  # TypeScript imports name the compiled file
    return [base, *(f"{stem}{end}" for end in _SCRIPT_ENDS)]


def _rust(module: str, folder: str) -> list[str]:
    parts = [part for part in module.split("::") if part.isidentifier()]
    if not parts:
        return []
    if parts[0] == "super":
        base = posixpath.dirname(folder)
        inner = parts[1:]
    elif parts[0] in ("crate", "self"):
        base, inner = "", parts[1:]
    else:
        base, inner = "", parts[1:] if len(parts) > 1 else []
    ends = []
    for length in range(min(len(inner), 4), 0, -1):
        path = "/".join([*([base] if base else []), *inner[:length]])
        ends += [f"{path}.rs", f"{path}/mod.rs"]
    return ends
