"""Families of sentences and what they become, in canonical forms; and their neighbours, which stay unenforced.

All sentences are made up. `~` in front of a form: it warns only.
"""

from __future__ import annotations

import pytest

from hunch_features.constraints.commit_messages import CONVENTIONAL
from hunch_features.constraints.compiler import compile_statements
from hunch_features.constraints.files import Instructions
from hunch_features.constraints.phrases import EMOJI
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.statements import statements
from tests.constraints.quality.canonical import demands_of


def compiled(text: str) -> list[Rule]:
    return compile_statements(statements(Instructions("AGENTS.md", "", text)))


def forms(text: str) -> str:
    """Canonical forms of all enforced rules of a text."""
    found = [rule for rule in compiled(text) if rule.status == "enforced"]
    return " ; ".join(
        f"{'~' if rule.severity == 'warning' else ''}{form}" for rule in found for form in demands_of(rule)
    )


USE_INSTEAD = {
    "Use `X.foo()` instead of `Y.bar()`.": "reference Y.bar()",
    "Use async/await instead of promise chains.": "reference .then()",
    "Use pathlib instead of os.path.": "reference os.path",
    "Prefer f-strings over `.format()` and %-formatting.": "~construct format_call ; ~construct percent_format",
    "Use logging instead of print().": "reference print()",
    "Use `unknown` instead of `any`.": "construct any_type",
    "Use interfaces over types.": "construct type_alias_object",
    "Prefer interfaces over types for object shapes.": "~construct type_alias_object",
    "Prefer `type` over `interface`.": "~construct interface_declaration",
    "Use functional components, not class components.": "construct class_component",
    "Use pnpm (not npm or yarn).": "command npm ; command yarn",
    "We use pnpm, never npm.": "command npm",
    "Package manager: pnpm (never npm/yarn)": "command npm ; command yarn",
    "Always use `uv` instead of `pip`.": "command pip",
    "Use httpx instead of requests.": "import requests",
    "Use `===` instead of `==`.": "construct loose_equality",
    "Use `<Link>` instead of `<a>`.": r"pattern <\s*a\b",
    "Use `X | None` instead of `Optional[X]`.": "reference Optional",
    "For logging, use `logger.info` instead of `console.log`.": "reference console.log",
    "Use `make test` rather than running `pytest` directly.": "command pytest",
    "Always use pnpm.": "command npm ; command yarn ; command bun",
    "CSS: use utility classes instead of inline styles": "construct inline_style",
    "Use tox for testing (not pytest directly):": "command pytest",
    "Prefer inference, avoid `any`, and use shared types": "~construct any_type",
    "Prefer `rg` over `grep`.": "~command grep",
    "Use `logger` everywhere, never `console.log`.": "reference console.log",
}
OPTIONS_AND_MESSAGES = {
    "Never run `npm ci` without `--ignore-scripts`.": "command npm ci without --ignore-scripts",
    "Always pass `--frozen` to `uv run`.": "command uv run without --frozen",
    "Tools: `uv run --frozen <tool>`. Always pass `--frozen` so that nothing moves.": "command uv run without --frozen",
    "Never `git push --force` unless `--force-with-lease`.": "command git push --force without --force-with-lease",
    "Prefer `gh ... --body-file notes.md` over `--body`.": "~command gh --body",
    "Open pull requests as drafts.": "command gh pr create without --draft or -d",
    "Sign off every commit with `--signoff`.": "command git commit without --signoff",
    "Commits must be signed off.": "command git commit without --signoff",
    "Never commit directly to `main`.": "command git commit main",
    "Do not create a release or tag manually.": "command gh release create ; command git tag",
    "Never use `# type: ignore` without an error code.": r"pattern (?m)#\s*type:\s*ignore(?:[^\[\w]|$)",
    "When you change `a.proto`, also update `docs/api.md`.": '{"type":"require_together",'
    '"changed":["**/a.proto"],"also":["docs/api.md"]}',
    "Keep the commit subject line under 72 characters.": "commit-message subject 72",
    "Commit messages must not contain emojis.": rf"commit-message forbid {EMOJI}",
    "Never add `Co-authored-by:` trailers.": "commit-message forbid (?im)^Co-authored-by:",
    "Pull request titles must start with `[AB]`.": r"pull_request-message require ^\[AB\]",
    "Follow Conventional Commits.": rf"commit-message require {CONVENTIONAL}",
}
WHAT_IS_MEANT = {
    "`src/gen.py` is a generated file. Do not edit it by hand.": "edit src/gen.py",
    "Pages under `docs/cli` are generated. **Never edit these files.**": "edit docs/cli/",
    "`src/gen.py` is a module. Do not edit it.": "",
    "Never use `any`. The only exception is `a.ts`.": "",
    "When you write hooks, import from `a.b`. Prefer `foo_bar` over `baz_qux`.": "",
    "Do not create, modify, or suggest `.eslintrc` or `eslint.config.*` files.": "forbid-file .eslintrc ; "
    "forbid-file eslint.config.*",
    "Do not add `useIt()` or any other wrapper.": "reference useIt()",
    "Use `a.b.C` instead of `x.y.D` for better errors.": "reference x.y.D",
    "`legacyThing` must never be imported.": "import legacyThing",
    "`withError` is never used.": "reference withError",
    "Tests must not contain `sleep()`.": "reference sleep() @in tests",
    "Only deterministic logic — no `Date.now()`, no `Math.random()`.": "reference Date.now() ; reference Math.random()",
    "| Avoid | Use |\n|---|---|\n| `moment` | `date-fns` |": "import moment",
    "| Module | Purpose |\n|---|---|\n| `moment` | dates |": "",
    "## Build output (don't edit)\n\n- `out/lib/` - built": "edit out/lib/",
    "All files in `src/hooks/` must:\n\n- Never import from `@/index.js`": "import @/index.js @in src/hooks/",
    "Don't use `Get` prefix for methods.": "naming function never prefix Get",
    "Don't use `Get` prefix for getters.": "",
    "Interfaces must start with `I`.": "naming interface prefix I",
    "No `utils` or `helpers` modules.": "forbid-file utils.* ; forbid-file helpers.*",
    "No circular imports.": '{"type":"forbid_cycles"}',
    "Use ES modules, not CommonJS.": "construct commonjs",
    "Place all imports at the top of the file.": "construct local_import",
    "Remove unused imports.": "construct unused_import",
    "All exported functions must have JSDoc comments.": '{"type":"require_documented","what":"comment"} @not tests',
}
NEVER = {
    "Never use `var`; use `const` or `let`.": "construct var_declaration",
    "No wildcard imports.": "construct wildcard_import",
    "Avoid default exports.": "~construct default_export",
    "No any.": "construct any_type",
    "Avoid using any types.": "~construct any_type",
    "Never use console.log in production code.": "reference console.log @not tests",
    "No print statements; use logging.": "reference print()",
    "No relative imports.": "construct relative_import",
    "Imports at the top of the file; no inline imports.": "construct local_import",
    "Never use `@ts-ignore` or `eslint-disable`.": "text @ts-ignore ; text eslint-disable",
    "Never suppress eslint warnings.": "text eslint-disable",
    "Avoid `unwrap()` in production code.": "~reference .unwrap() @not tests",
    "Avoid mutable default arguments.": "~construct mutable_default",
    "Never use bare except.": "construct bare_except",
    "Never use `!important`.": r"pattern !\s*important\b",
    "Don't use inline styles.": "construct inline_style",
    "Don't use enums.": "construct enum_declaration",
    "Avoid `any`, non-null assertions, and clever tricks.": "~construct any_type ; ~construct non_null_assertion",
    "In `src/`, do not import `lodash`.": "import lodash @in src/",
    "In tests, never use `sleep()`.": "reference sleep() @in tests",
    "Never import `expect` from `vitest`.": "import-name expect from vitest",
    "No global `fetch`: use the client.": "reference fetch @global",
    "Do not throw `Error`; use `AppError`.": r"pattern \b(?:throw|raise)\s+(?:new\s+)?Error\b",
    "Never use `git add .` or `git add -A`.": "command git add . ; command git add -A",
    "Never add `#[allow(dead_code)]`.": r"pattern \#\s*\[\s*allow\s*\(\s*dead_code\s*\)\s*\]",
    "Only use `fetch` in `api/`.": "reference fetch @not tests, api/",
    "Only `pkg_a` may import `lib_b`.": "import lib_b @not tests, pkg_a/",
    "`lib_b` is imported in `pkg_a.io` only.": "import lib_b @not tests, pkg_a/io/",
    "Avoid `Any`.": "~reference Any",
    "Never import from `@pkg/*/src`.": "import @pkg/*/src",
    "Do not use `expect` from Vitest.": "import-name expect from vitest",
    "Never `import ... from 'lib-a'`.": "import lib-a",
    "Do not use `new Date`.": r"pattern new\s+Date\b",
    "Never use classes.": "construct class_declaration",
    "Do not add TODOs, old remarks, or section-divider comments in production code.": r"pattern \bTODO\b @not tests",
    "Never use 'use client'.": r"pattern (?m)^\s*['\"]use client['\"]",
    "Never use 1-line if statements.": "construct missing_braces",
    "Do not use Next.js `unstable_cache()`.": "reference unstable_cache()",
    "Import `useIt` from `lib-a`, never from `lib-b`.": "import-name useIt from lib-b",
    "Never use `@a/sdk/v3`.": "import @a/sdk/v3",
    "No TODO comments.": r"pattern \bTODO\b",
    "Never use `eval` outside of tests; never use `exec`.": "reference eval @not tests ; reference exec",
}
STYLE = {
    "File names: kebab-case (e.g. `my-file.ts`)": "naming file kebab-case",
    "Use snake_case for functions and variables, PascalCase for classes.": "naming function snake_case ; naming "
    "class PascalCase",
    "Functions: camelCase": "naming function camelCase",
    "Line length: 100": "limit line 100",
    "88-character line limit (ruff).": "limit line 88",
    "Wrap at 72 columns": "limit line 72",
    "Max file length: 300 lines": "limit file 300",
    "No files over 400 lines.": "limit file 400",
    "Function length: max 50 lines": "limit function 50",
    "Functions must take at most four parameters.": "limit parameters 4",
    "Use 2 spaces for indentation.": "indent spaces",
    "Indentation: tabs": "indent tabs",
    "Single quotes for strings.": "construct double_quotes",
    "No semicolons.": "construct semicolon",
    "Use 2-space indentation, semicolons and single quotes.": "indent spaces ; construct missing_semicolon ; "
    "construct double_quotes",
    "Always use type hints.": '{"type":"require_documented","what":"annotations"} @not tests',
    "All public functions must have docstrings.": '{"type":"require_documented","what":"docstring"} @not tests',
    "Use `node:` prefixes for Node.js built-ins.": "construct unprefixed_builtin",
    "Use tabs for indentation in all Python code, not spaces.": "indent tabs",
    "Use named exports only.": "construct default_export",
    "Use absolute imports.": "construct relative_import",
    "Always use braces for if statements.": "construct missing_braces",
    "Use f-strings for string formatting.": "construct percent_format ; construct format_call",
    "No emojis in code or comments.": r"pattern [\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}\x{1F1E6}-\x{1F1FF}]",
}
FILES = {
    "Never edit files in `dist/`.": "edit dist/",
    "Files in `src/api/` are auto-generated; do not edit them by hand.": "edit src/api/",
    "Never commit `.env` files.": "edit .env",
    "Never modify `package-lock.json` by hand.": "edit package-lock.json",
    "`core/` must not import from `web/`.": "dependency core/ -> web/",
    "Imports go one way: `app` → `core`.": '{"type":"keep_layers","layers":["**/app/**","**/core/**"]}',
    "Never import `server/` from `client/`.": "dependency client/ -> server/",
    "Test files end with `.test.ts`, not `.spec.ts`.": "forbid-file *.spec.ts",
    "No `utils.ts` files.": "forbid-file utils.ts",
    "Use `app.jsonc` (not `.json`).": "forbid-file app.json",
    "Do not introduce `__mocks__` subfolders.": "forbid-file __mocks__/",
    "Never create `mod.rs` files; use `module_name.rs`.": "forbid-file mod.rs",
}
ACTS = {
    "Never force push.": "command git push --force",
    "Never force-push to `main`.": "command git push --force main",
    "Never push to main.": "command git push main",
    "Never push directly to `dev` or `main`.": "command git push dev ; command git push main",
    "Do not bypass with `--no-verify`.": "command git --no-verify",
    "Never amend commits (`--amend`).": "command git commit --amend",
    "Never skip hooks (`--no-verify`).": "command git --no-verify",
    "Don't create PRs unless asked.": "command gh pr create",
    "Never commit unless the user asks you to.": "command git commit",
    "Never amend commits.": "command git commit --amend",
    "Never open issues or pull requests without explicit permission.": "command gh issue create ; command gh pr create",
    "Never run `cargo build --release` unless asked.": "command cargo build --release",
}
ALL = {**USE_INSTEAD, **NEVER, **STYLE, **FILES, **ACTS, **OPTIONS_AND_MESSAGES}


@pytest.mark.parametrize(("sentence", "expected"), ALL.items(), ids=list(ALL))
def test_families(sentence: str, expected: str) -> None:
    assert forms(f"- {sentence}\n") == expected


@pytest.mark.parametrize(("text", "expected"), WHAT_IS_MEANT.items(), ids=list(WHAT_IS_MEANT))
def test_what_stands_around_a_sentence_counts(text: str, expected: str) -> None:
    assert forms(text) == expected


NOT_ENFORCED = [
    # conditions, purposes and exceptions that no check can see
    "When debugging, do not use `console.log`.",
    "Don't use `useEffect` for data fetching.",
    "For membership checks, use `Set` instead of `Array.includes()`.",
    "Use `unknown` instead of `any` when the type is truly unknown.",
    "Don't use `export default` (except for Next.js pages).",
    "Do not force-push a branch after it has been reviewed.",
    "Do not touch `migrations/` without asking.",
    "Only use `any` in tests.",
    # hedges
    "Avoid `any` when possible.",
    "Try to avoid `any`.",
    "Do not use `any` unless absolutely necessary.",
    "Minimize `useEffect`.",
    # things that are not what they look like
    "Tests live in `../tests/`.",
    "Do not reach for `API_TOKEN` here.",
    "Provide proper type annotations for return values",
    "CI runs the `a.lock`, never the `b.md`.",
    "Use `toast.error` to tell the user; never `console.error`",
    "The adapter calls `trim()`, never `trim_before()` directly.",
    "Use `wait_for()` instead of a bare `assert`:",
    "Do not use `try {} finally {}`.",
    "Use Google-style docstrings.",
    "Use pnpm.",
    "Use `Foo` and never look back.",
    "Prefer `const` over `let`.",
    "Never return `null`.",
    "Do not use `requests` that take long.",
    "Please wait a moment, then use `foo`.",
    "The `foo` module never calls `bar()`.",
    "The lexer keeps these opaque (no `Placeholder`).",
    "Integration tests in `tests/integration/`",
    "Never write a bare `@name` (an `@` and a word) anywhere in a commit message.",
    "Use PascalCase for components.",
    "Example: never use `eval`.",
    "Never use `A` and B.",
    "Test names end with `.`.",
]


@pytest.mark.parametrize("sentence", NOT_ENFORCED)
def test_neighbours_stay_unenforced(sentence: str) -> None:
    assert forms(f"- {sentence}\n") == ""


SURROUNDINGS = [
    ("Do not:\n\n- Use `eval`\n- Edit files in `dist/`\n", "reference eval ; edit dist/"),
    ("## Don't\n\n- Use `eval`\n- `console.log`\n", "reference eval ; reference console.log"),
    ("Never edit these files directly:\n\n- `src/api.ts` - made by the build\n", "edit src/api.ts"),
    ("Do NOT edit these directly — change the script instead:\n\n- `src/api.ts`\n", "edit src/api.ts"),
    ("Do not edit these:\n\n- `src/api.ts`\n- Regenerate all: `scripts/gen.sh`\n", "edit src/api.ts"),
    ("Do not:\n\n- Instead run: `make gen`\n", ""),
    ("- ❌ Using `any`\n", "construct any_type"),
    ("- **Never**: `eval`, `exec`\n", "reference eval ; reference exec"),
    ("Rules:\n\n- Never use `eval`.\n", "reference eval"),
    # A line in front of a list that narrows it, or that nothing is known about: silence.
    ("When you write migrations:\n\n- Never use `eval`.\n", ""),
    ("**Response schemas:**\n\n- Use `.nullish()` instead of `.optional()`\n", ""),
    ("Where possible:\n\n- Use `foo_a()` instead of `foo_b()`\n", ""),
    ("## Tests\n\n- Never use `sleep()`.\n", "reference sleep() @in tests"),
    ("| Where | Rule |\n|---|---|\n| Imports | Never use `exec`. |\n", "reference exec"),
    ("| Where | Rule |\n|---|---|\n| Writing migrations | Never use `exec`. |\n", ""),
    ("Exceptions:\n\n- Never use `eval`.\n", ""),
]


@pytest.mark.parametrize(("text", "expected"), SURROUNDINGS)
def test_headings_and_lines_in_front_of_lists(text: str, expected: str) -> None:
    assert forms(text) == expected


def test_a_heading_that_names_a_language_narrows() -> None:
    (rule,) = compiled("## TypeScript\n\n- Use camelCase for functions\n")
    assert rule.languages == ("typescript", "typescriptreact")


def test_a_hedge_is_told() -> None:
    (rule,) = compiled("Avoid `any` when possible.\n")
    assert rule.status == "advisory"
    assert "when possible" in rule.why
