"""Which commands fall under a rule, read as the programs themselves read their arguments."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.guard.commands import Forbidden, falls_under
from hunch_features.guard.git_commands import current_branch

# Rule, commands that fall under it, commands that do not.
CASES: list[tuple[str, list[str], list[str]]] = [
    (
        "git push --force",
        [
            "git push --force",
            "git push -f origin main",
            "git push origin main -f",
            "git push -uf origin main",
            "git push origin +main",
            "git push origin +HEAD:refs/heads/main",
            "git -C sub push --force",
            "git -c user.name=x --no-pager push -f",
            "git --git-dir=.git --work-tree . push --force",
            "git push --mirror",
            "git push --no-force --force",
            "git -c alias.p='push --force' p",
            "git -c alias.p='!git fetch && git push -f' p",
        ],
        [
            "git push",
            "git push origin main",
            "git push --force-with-lease",
            "git push --force-if-includes",
            "git push --force --no-force",
            "git push --force --dry-run",
            "git push -o -f origin main",
            "git push origin -- -f",
            "git commit -m 'push --force'",
            "git commit -m push --force",
            "git log push --force",
            "git checkout -f",
            "git stash push",
            "git -C push status --force",
            "git",
            "git --version",
            "git -c alias.p=push p",
        ],
    ),
    ("git push --force-with-lease", ["git push --force-with-lease=main:abc"], ["git push -f", "git push"]),
    ("git push", ["git push", "git push --tags"], ["git push -n", "git stash push", "git pull"]),
    (
        "git push main",
        [
            "git push origin main",
            "git push origin HEAD:main",
            "git push o x:refs/heads/main",
            "git push --all",
            "git push o :main",
        ],
        ["git push origin feature", "git push origin main:feature", "git push origin maintenance", "git push --tags"],
    ),
    (
        "git push origin main",
        ["git push origin main", "git push -u origin main"],
        ["git push fork main", "git push origin x"],
    ),
    (
        "git --no-verify",
        [
            "git commit --no-verify",
            "git commit -n",
            "git commit -anm x",
            "git push --no-verify",
            "git commit --no-verif",
        ],
        ["git commit -m --no-verify", "git commit -mn", "git push -n", "git commit -am n", "git commit"],
    ),
    ("git commit --amend", ["git commit --amend", "git commit --amen -m x"], ["git commit", "git rebase --amend"]),
    ("git reset --hard", ["git reset --hard HEAD~1", "git reset HEAD --hard"], ["git reset", "git reset --soft"]),
    ("git clean -fd", ["git clean -fd", "git clean -d -f", "git clean -xdf"], ["git clean -n", "git clean -f"]),
    ("git add .", ["git add ."], ["git add a.py", "git commit ."]),
    ("git add -A", ["git add -A", "git add --all", "git add -vA"], ["git add a"]),
    ("git checkout main", ["git checkout main"], ["git checkout -b main", "git checkout other"]),
    ("npm publish", ["npm publish", "npm publish -- --dry-run"], ["npm publish --dry-run", "npm publish --help"]),
    ("npm run x --dry-run", ["npm run x --dry-run"], ["npm run x"]),
    ("npm", ["npm --help", "npm", "npm install", "npm --version"], ["pnpm install", "npx x"]),
    (
        "npm install",
        ["npm install", "npm i lodash", "npm add x", "npm --prefix web install", "npm -s i"],
        ["npm run install", "npm ci", "npm test", "npm view install", "npm exec install"],
    ),
    ("npm install -g", ["npm install -g x", "npm i x -g"], ["npm install x", "npm install -- -g"]),
    (
        "npm run build",
        ["npm run build", "npm run-script build", "npm run build -- --x"],
        ["npm run test build", "npm run dev"],
    ),
    ("npm run test", ["npm test", "npm t", "npm run test"], ["npm run tests", "npm run x test"]),
    ("npm test", ["npm run test", "npm test -- -u"], ["npm install test"]),
    ("yarn run build", ["yarn build", "yarn run build", "yarn --cwd web build"], ["yarn add build", "yarn run dev"]),
    ("pnpm build", ["pnpm run build", "pnpm build", "pnpm -r build"], ["pnpm add build"]),
    (
        "docker compose down -v",
        ["docker compose down -v", "docker compose -f a.yml down --volumes"],
        ["docker compose down"],
    ),
    ("docker system prune", ["docker system prune -af", "docker -H host system prune"], ["docker ps"]),
    (
        "rm -rf",
        ["rm -rf /x", "rm -fr x", "rm -r -f x", "rm --recursive --force x", "rm -Rf x"],
        ["rm -r x", "rm x", "rm -- -rf"],
    ),
    ("rm -rf node_modules", ["rm -rf node_modules/", "rm -rf ./node_modules"], ["rm -rf node_modules2"]),
    (
        "terraform apply -auto-approve",
        ["terraform apply -auto-approve", "terraform -chdir=x apply -auto-approve"],
        ["terraform apply", "terraform plan -auto-approve"],
    ),
    ("terraform -a", ["terraform -a"], ["terraform -auto-approve"]),
    (
        "alembic upgrade",
        ["alembic upgrade head", "alembic -c x.ini upgrade head"],
        ["alembic history", "alembic show upgrade"],
    ),
    ("make deploy", ["make deploy", "make -j4 lint deploy"], ["make", "make deployment", "make -C deploy2 x"]),
    ("pip install", ["pip install x", "pip -v i x"], ["pip list", "pip download install"]),
]


@pytest.mark.parametrize(("rule", "under", "beside"), CASES, ids=[case[0] for case in CASES])
def test_arguments_are_read_as_the_program_reads_them(rule: str, under: list[str], beside: list[str]) -> None:
    program, *words = shlex.split(rule)
    forbidden = Forbidden(program, words)
    for command in [*under, *beside]:
        name, *arguments = shlex.split(command)
        assert falls_under(forbidden, name, arguments, "/nowhere") is (command in under), command


@pytest.mark.parametrize(
    ("rule", "unless", "under", "beside"),
    [
        ("npm ci", ["--ignore-scripts"], ["npm ci"], ["npm ci --ignore-scripts", "npm install"]),
        (
            "go test",
            ["-tags unit"],
            ["go test ./...", "go test -tags other"],
            ["go test -tags unit", "go test -tags=unit"],
        ),
        ("gh pr create", ["--draft", "-d"], ["gh pr create -t x"], ["gh pr create --draft", "gh pr create -d"]),
        ("git commit", ["--signoff"], ["git commit -m x"], ["git commit -s -m x", "git commit --signoff"]),
        ("git push --force", ["--force-with-lease"], ["git push -f"], ["git push -f --force-with-lease"]),
    ],
    ids=["an option", "an option with its value", "one of two", "a short one of git", "a push"],
)
def test_an_option_makes_a_command_allowed(rule: str, unless: list[str], under: list[str], beside: list[str]) -> None:
    program, *words = shlex.split(rule)
    forbidden = Forbidden(program, words, unless=unless)
    for command in [*under, *beside]:
        name, *arguments = shlex.split(command)
        assert falls_under(forbidden, name, arguments, "/nowhere") is (command in under), command


def test_a_commit_on_a_branch_that_a_rule_names(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for branch, found in (("main", True), ("feature/main", False)):
        (tmp_path / ".git" / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
        assert falls_under(Forbidden("git", ("commit", "main")), "git", ["commit", "-m", "x"], str(tmp_path)) is found


def test_a_lease_is_a_forced_push_where_the_rule_says_so() -> None:
    for lease in (True, False):
        forbidden = Forbidden("git", ("push", "--force"), lease)
        assert falls_under(forbidden, "git", ["push", "--force-with-lease"], "/nowhere") is lease


def test_a_push_without_branches_pushes_the_current_one(tmp_path: Path) -> None:
    forbidden = Forbidden("git", ("push", "main"))
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path], check=True)
    (tmp_path / "sub").mkdir()
    for arguments in (["push"], ["push", "origin"], ["push", "origin", "HEAD"], ["push", "-u", "origin", "@"]):
        assert falls_under(forbidden, "git", arguments, str(tmp_path / "sub"))
    assert falls_under(forbidden, "git", ["-C", str(tmp_path), "push"], "/")
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main-2\n")
    assert not falls_under(forbidden, "git", ["push"], str(tmp_path))


@pytest.mark.parametrize("head", [b"", b"\xff\xfe", b"a" * 100_000, b"ref: refs/heads/" + b"x" * 9000])
def test_a_damaged_head_names_no_branch_of_a_rule(tmp_path: Path, head: bytes) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(head)
    assert len(current_branch(str(tmp_path))) <= 4096
    assert not falls_under(Forbidden("git", ("push", "main")), "git", ["push"], str(tmp_path))


WORDS = st.lists(st.text(st.sampled_from("-+:=acfpush main/.$`'\"\n"), max_size=9), max_size=6)


@given(WORDS, WORDS, st.sampled_from(["git", "npm", "rm", "yarn", "x"]))
def test_any_words_are_judged_without_an_error(words: list[str], arguments: list[str], program: str) -> None:
    falls_under(Forbidden(program, words), program, arguments, "/nowhere")
    falls_under(Forbidden(program, words), program, ["push", *arguments], "/nowhere")
