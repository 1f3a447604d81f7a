"""Files whose events are never recorded at any level: secrets files, and what the repository ignores."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec

REFRESH_SECONDS = 5.0
MAX_IGNORE_BYTES = 256 * 1024
MAX_REMEMBERED = 4096

SECRETS_FILES = """
.env
.env.*
*.env
.envrc
*.pem
*.key
*.p12
*.pfx
*.p8
*.jks
*.keystore
*.kdbx
*.asc
*.gpg
*.age
*.ovpn
*.ppk
*.mobileprovision
*.tfstate
*.tfstate.*
*.tfvars
id_rsa*
id_dsa*
id_ecdsa*
id_ed25519*
*.secret
*.secrets
secret.*
secrets.*
*secrets*.y*ml
*secrets*.json
credentials
credentials.*
*credentials*.json
client_secret*.json
service-account*.json
service_account*.json
.netrc
_netrc
.pgpass
.my.cnf
.npmrc
.yarnrc.yml
.pypirc
.htpasswd
.git-credentials
.dockercfg
kubeconfig
*.kubeconfig
.vault-token
.vault_pass*
.bash_history
.zsh_history
.python_history
.psql_history
wp-config.php
.git/
.ssh/
.aws/
.azure/
.gnupg/
.kube/
.docker/config.json
"""

_SECRETS = GitIgnoreSpec.from_lines(SECRETS_FILES.split())


def is_secrets_file(document: str) -> bool:
    """Whether a path names a file that usually holds secrets; case does not count."""
    return _SECRETS.match_file(document.lower())


def _spec(path: Path) -> GitIgnoreSpec | None:
    try:
        if not path.is_file() or path.stat().st_size > MAX_IGNORE_BYTES:
            return None
        return GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8", errors="replace").splitlines())
    except (OSError, ValueError):
        return None


class Exclusions:
    """What is never recorded in one workspace. Reads `.gitignore` files from the root down to the document's folder."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._root = root
        self._clock = clock
        self._read_at = float("-inf")
        self._specs: dict[str, GitIgnoreSpec | None] = {}
        self._known: dict[str, bool] = {}

    def excludes(self, document: str) -> bool:
        """Whether events of a document (path relative to the root, `/`) must not be recorded.

        Paths that lead out of the workspace count as excluded: nobody gave consent for them.
        """
        now = self._clock()
        if now - self._read_at >= REFRESH_SECONDS or len(self._known) > MAX_REMEMBERED:
            self._read_at = now
            self._specs.clear()
            self._known.clear()
        answer = self._known.get(document)
        if answer is None:
            answer = self._known[document] = self._decide(document.replace("\\", "/"))
        return answer

    def _decide(self, document: str) -> bool:
        path = PurePosixPath(document)
        if path.is_absolute() or ".." in path.parts or ":" in document.split("/", 1)[0] or "\0" in document:
            return True
        if is_secrets_file(document):
            return True
        # As in git, a file cannot be taken back in when a folder above it is ignored.
        parts = path.parts
        return any(self._ignored(parts[:length], length < len(parts)) for length in range(1, len(parts) + 1))

    def _ignored(self, parts: tuple[str, ...], is_folder: bool) -> bool:
        end = "/" if is_folder else ""
        ignored = False
        exclude = self._at(".git/info/exclude")
        if exclude is not None:
            ignored = bool(exclude.check_file("/".join(parts) + end).include)
        for depth in range(len(parts)):
            spec = self._at("/".join((*parts[:depth], ".gitignore")))
            if spec is not None:
                found = spec.check_file("/".join(parts[depth:]) + end).include
                ignored = ignored if found is None else found
        return ignored

    def _at(self, name: str) -> GitIgnoreSpec | None:
        if name not in self._specs:
            self._specs[name] = _spec(self._root / name)
        return self._specs[name]
