"""What a command does, by a table: reads a secret, sends something out, publishes, destroys, and so on.

The table is ours. Commands are matched as those of rules are. Imports only what the shims' check has.
"""

from __future__ import annotations

from hunch_features.guard.commands import Forbidden, falls_under

TYPE_CHECKING = False  # `typing` and `collections` take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Sequence

# Commands of each act, as a rule would name them; the first that fits counts.
COMMANDS: dict[str, tuple[str, ...]] = {
    "publish": (
        "git push --force", "git push --mirror", "git push --delete", "npm publish", "pnpm publish",
        "yarn publish", "yarn npm publish", "twine upload", "poetry publish", "uv publish", "cargo publish",
        "gem push", "docker push", "gh release create", "gh repo edit", "terraform apply", "helm upgrade",
        "helm install", "mvn deploy",
    ),
    "destroy": (
        "rm -rf", "git reset --hard", "git clean -f", "git clean -fd", "terraform destroy", "kubectl delete",
        "docker system prune", "docker volume rm", "docker volume prune", "dropdb", "shred", "aws s3 rm",
        "aws s3 rb", "gh repo delete", "gh release delete",
    ),
    "discard": (
        "git stash drop", "git stash clear", "git branch -D", "git checkout .", "git restore .",
        "git checkout -f", "git reflog expire", "git gc --prune",
    ),
    "send": (
        "git push", "curl -d", "curl --data", "curl --data-binary", "curl --data-raw", "curl -F",
        "curl --form", "curl -T", "curl --upload-file", "curl --json", "wget --post-data", "wget --post-file",
        "scp", "sftp", "rsync", "nc", "ncat", "mail", "sendmail", "gh pr create", "gh pr comment",
        "gh issue create", "gh issue comment", "gh gist create", "aws s3 cp", "aws s3 sync",
    ),
    "untrusted": (
        "curl", "wget", "git clone", "gh issue", "gh pr view", "gh pr checkout", "npx", "pnpx", "bunx", "uvx",
    ),
    "fetch": (
        "git fetch", "git pull", "git ls-remote", "git submodule", "npm install", "npm ci", "pnpm install",
        "pnpm add", "yarn install", "yarn add", "pip install", "pip download", "pipx install", "uv add",
        "uv sync", "uv pip", "poetry install", "poetry add", "cargo fetch", "cargo install", "go get",
        "docker pull", "brew install", "apt-get install", "apt install", "gem install", "bundle install",
        "composer install", "helm pull", "gh",
    ),
    "write": (
        "git add", "git commit", "git merge", "git cherry-pick", "git revert", "git apply", "git am", "git rm",
        "git mv", "git checkout", "git switch", "git restore", "git stash", "git tag", "git config", "cp",
        "mv", "rm",
    ),
    "read": (
        "git", "cat", "head", "tail", "less", "grep", "rg", "base64", "xxd", "strings", "jq",
    ),
    "execute": (
        "npm", "pnpm", "yarn", "make", "just", "task", "cargo", "go", "pytest", "tox", "docker",
        "docker-compose", "mvn", "gradle", "cmake", "uv", "poetry", "pip", "kubectl", "terraform", "helm",
        "aws", "gcloud", "psql", "brew", "bundle", "composer", "gem",
    ),
}  # fmt: skip

PLAIN = frozenset({"read", "write", "execute"})
"""Acts that change no chance: they are not recorded, and the shims do not ask about them."""
READERS = ("cat", "head", "tail", "less", "grep", "rg", "base64", "xxd", "strings", "jq", "cp", "mv")
"""Programs that are watched for the secrets among their arguments only."""
COPIERS = frozenset({"cp", "mv", "scp", "rsync"})
"""Programs that write their last argument: `cp .env.example .env` shows no secret."""

# Names of files that hold secrets: beginnings and ends of the last part of a path, and folders.
SECRET_NAMES = (
    ".env", ".envrc", ".netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials", "credentials",
    "credentials.json", "secrets.yml", "secrets.yaml", "secrets.json", "secrets.toml", "id_rsa", "id_ed25519",
    "id_ecdsa", "id_dsa", "shadow", "service-account.json", "kubeconfig", ".htpasswd",
)  # fmt: skip
SECRET_ENDS = (".pem", ".key", ".p12", ".pfx", ".keystore", ".jks", ".kdbx", ".tfstate")
SECRET_FOLDERS = (".ssh", ".aws", ".gnupg", ".kube", ".azure", ".docker")
NOT_SECRET = (".example", ".sample", ".template", ".dist", ".pub", ".md")

# Folders that are made again by the next build: to take them away loses nothing.
MADE_AGAIN = frozenset(
    {"node_modules", "dist", "build", "target", "out", "coverage", "__pycache__", "tmp", "temp", "venv", "bin", "obj"}
)


def acts_of(program: str, arguments: Sequence[str], folder: str) -> list[str]:
    """The acts of a command, in order: reading a secret that it names, then what the program does."""
    sources = arguments[:-1] if program in COPIERS else arguments
    found = ["secret"] if any(is_secret(argument) for argument in sources) else []
    for act, commands in COMMANDS.items():
        for command in commands:
            name, *words = command.split()
            if name != program:
                continue
            if falls_under(Forbidden(name, words), program, arguments, folder):
                # What a reader shows is the secret itself; for others it comes with what they do.
                return found if found and act == "read" else [*found, _checked(act, program, arguments)]
    return []


def _checked(act: str, program: str, arguments: Sequence[str]) -> str:
    """Corrections that need more than words: this machine is no network; copies go out only with a remote name."""
    if act in ("send", "untrusted") and program in ("curl", "wget"):
        if any(_is_own_machine(argument) for argument in arguments):
            return "execute"
        posts = any(argument.upper() in ("POST", "PUT", "PATCH", "-XPOST", "-XPUT") for argument in arguments)
        return "send" if posts else act
    if act == "destroy" and program == "rm":
        plain = [argument for argument in arguments if not argument.startswith("-")]
        return "write" if plain and all(_is_made_again(argument) for argument in plain) else act
    if program in ("scp", "rsync"):
        plain = [argument for argument in arguments if not argument.startswith("-")]
        return "send" if plain and ":" in plain[-1] else "fetch" if any(":" in one for one in plain) else "write"
    return act


def _is_made_again(path: str) -> bool:
    parts = path.rstrip("/*").split("/")
    name = parts[-1]
    hidden = name.startswith(".") and name.endswith(("cache", "venv"))
    return path.startswith("/tmp/") or name in MADE_AGAIN or hidden  # noqa: S108 - a name that is looked for


def _is_own_machine(argument: str) -> bool:
    host = argument.partition("://")[2] or argument
    return host.startswith(("localhost", "127.", "[::1]", "0.0.0.0"))  # noqa: S104 - a name that is looked for


def watched_programs() -> list[str]:
    """Programs that can do more than read, write and run things here, and those that show files."""
    notable = (command for act, commands in COMMANDS.items() if act not in PLAIN for command in commands)
    return sorted({*READERS, *(command.split()[0] for command in notable)})


def notable_words(program: str) -> list[list[str]]:
    """The words of each command of a program that is no plain act; an empty list among them: every command."""
    notable = (command.split() for act, commands in COMMANDS.items() if act not in PLAIN for command in commands)
    return [words for name, *words in notable if name == program]


def is_secret(argument: str) -> bool:
    """Whether an argument names a file that usually holds secrets: `.env`, `key=@~/.ssh/id_rsa`."""
    path = argument.rpartition("=")[2].lstrip("@").replace("\\", "/")
    parts = path.split("/")
    name = parts[-1]
    if not name or name.endswith(NOT_SECRET) or len(path) > 1000:
        return False
    if name in SECRET_NAMES or name.endswith(SECRET_ENDS) or name.startswith(".env."):
        return True
    return len(parts) > 1 and parts[-2] in SECRET_FOLDERS and name not in ("config.json", "known_hosts", "config")
