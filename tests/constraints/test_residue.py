"""Words that narrow or turn a sentence keep it from being a check, whatever pattern reads the rest of it."""

from __future__ import annotations

import pytest

from tests.constraints.test_sentences import compiled, forms

DEMANDS = (
    "never use `console.log`", "do not use `any`", "avoid `lodash`", "use `logger.info` instead of `console.log`",
    "prefer `const` over `var`", "do not import from `@/old`", "never run `npm install`", "do not edit `dist/`",
    "never edit generated files", "never commit directly to main", "never force-push", "use snake_case for functions",
    "use 4 spaces for indentation", "use single quotes", "always use curly braces for if statements",
    "use Conventional Commits", "use functional components", "don't use inline styles",
    "do not create `index.ts` files",
    "`src/ui` must not import `src/db`",
    "keep commit subject lines under 72 characters",
    "never use relative imports",
    "never install new dependencies",
)  # fmt: skip
NARROWED = (
    "in hot paths", "for user-facing messages", "when rendering lists", "outside the adapter layer",
    "beyond the entry point", "with more than two arguments", "for props", "in function signatures", "inside loops",
    "on shared services", "unless it is a CLI", "from another package", "more than twice", "to store tokens",
    "with side effects", "other than the root one", "while the migration runs", "as a fallback", "in Lua code",
    "between services", "on Windows", "if the caller awaits", "for constants", "in the frontend",
)  # fmt: skip


@pytest.mark.parametrize("demand", DEMANDS)
def test_what_narrows_a_demand_is_never_lost(demand: str) -> None:
    assert forms(f"- {demand}.\n")
    for words in NARROWED:
        behind = (f"{demand} {words}", f"{demand} ({words})", f"{demand} — {words}", f"{words}, {demand}")
        assert [one for one in behind if forms(f"- {one[0].upper()}{one[1:]}.\n")] == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Never use `console.log` — it is slow and it leaks.",
        "Never use `console.log` because it ends up in the build.",
        "Never use `console.log`; use the logger.",
        "Never use `console.log` (see the handbook).",
        "Use the structured project logger instead of `console.log`, which nobody reads.",
        "Never use `console.log` or any home-made printer in this repository.",
        "Use `logger.info` instead of `console.log` for better observability.",
    ],
)
def test_reasons_and_further_things_narrow_nothing(sentence: str) -> None:
    assert forms(f"- {sentence}\n") == "reference console.log"


def test_the_words_that_were_not_understood_are_told() -> None:
    [rule] = compiled("- Never use `os.path` — for ledgers.\n")
    assert (rule.status, rule.check) == ("advisory", None)
    assert "“for ledgers”" in rule.why


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# T\n\n## Code style\n\n- Use camelCase for functions.\n", "naming function camelCase"),
        ("# T\n\n## Ledger widgets\n\n- Use camelCase for functions.\n", ""),
        ("# T\n\n## Ledger widgets\n\n- Never use `console.log`.\n", "reference console.log"),
        ("# T\n\n## Ledger widgets\n\n- Use `value`, not `defaultValue`.\n", ""),
        ("# T\n\n## Backend\n\n- Never use `console.log`.\n", ""),
        ("# T\n\n## Backend\n\n- Never run `npm install`.\n", "command npm install"),
        ("# T\n\n- **Handlers**: never use `console.log`.\n", ""),
        ("# T\n\n- Polling uses `refetch`; do not use `setInterval()`.\n", ""),
        ("# T\n\n- The strict mode is mandatory; avoid `any`.\n", "construct any_type"),
        ("# T\n\n- In the worker it is slow. Never use `console.log`.\n", ""),
    ],
)
def test_headings_labels_and_neighbours_may_narrow(text: str, expected: str) -> None:
    assert forms(text).replace("~", "") == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "Use `node:assert/strict` over `node:assert`.",
        "Use `lodash/debounce` instead of `lodash`.",
        "Use `npm run test` instead of `npm test`.",
        "Use `db.query` instead of `db`.",
    ],
)
def test_a_check_never_forbids_what_its_sentence_recommends(sentence: str) -> None:
    [rule] = compiled(f"- {sentence}\n")
    assert rule.check is None


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("No escapes (`as any`, `@ts-ignore`).", "construct as_any ; text @ts-ignore"),
        ("Never commit secrets, `.env` files, or dumps.", "edit .env"),
        ("Do not reintroduce `User.tenant`.", "reference User.tenant"),
        ("Never set `verify=False`.", r"pattern verify\s*=\s*False\b"),
        ("`eval()` → never", "reference eval()"),
        ("Do not run `ledger migrate reset`.", "command ledger migrate reset"),
        ("Never write `TODO` comments.", r"pattern \bTODO\b"),
        ("Don't use non-null assertions with the `!` operator.", "construct non_null_assertion"),
        ("Never suppress type errors with `as any`.", "construct as_any"),
        ("Use Zod, not Yup.", "import yup"),
        ("NEVER use `--no-verify` to skip commit hooks.", "command git --no-verify"),
        ("Use `String.trimEnd()` over `String.trimRight()`.", "reference .trimRight()"),
        ("Never use `catch (Throwable)`.", r"pattern \bcatch\s*\(\s*(?:final\s+)?Throwable\b"),
        ("Never use `subscription` in new code.", ""),
        ("Use the `tenant` parameter (never `tenantId`).", ""),
        ("Prefer `T[]` over `Array<T>`.", r"~pattern Array\s*<"),
    ],
)
def test_more_forms(sentence: str, expected: str) -> None:
    assert forms(f"- {sentence}\n") == expected
