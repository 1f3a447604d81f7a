"""Files whose events are never recorded at any level: secrets files, and what the repository ignores."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from pathspec import GitIgnoreSpec

from hunch_features.gitignore import GitIgnore

REFRESH_SECONDS = 5.0
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


class Exclusions:
    """What is never recorded in one workspace. Reads `.gitignore` files from the root down to the document's folder."""

    def __init__(self, root: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._gitignore = GitIgnore(root)
        self._clock = clock
        self._read_at = float("-inf")
        self._known: dict[str, bool] = {}

    def excludes(self, document: str) -> bool:
        """Whether events of a document (path relative to the root, `/`) must not be recorded.

        Paths that lead out of the workspace count as excluded: nobody gave consent for them.
        """
        now = self._clock()
        if now - self._read_at >= REFRESH_SECONDS or len(self._known) > MAX_REMEMBERED:
            self._read_at = now
            self._gitignore.forget()
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
        return self._gitignore.ignores_file(path.parts)
