"""From statements to rules: a check where the sentence is understood to its end, else a status and the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hunch_features.constraints import (
    commit_messages,
    directives,
    habits,
    names,
    options,
    places,
    plain,
    together,
)
from hunch_features.constraints.context import narrowing
from hunch_features.constraints.contradictions import contradicts
from hunch_features.constraints.found import Found
from hunch_features.constraints.objects import WRONG_NOTHING, checks_of, globs_of
from hunch_features.constraints.references import resolved
from hunch_features.constraints.residue import Clause, residue_of
from hunch_features.constraints.rule import (
    Check,
    CheckMessage,
    ForbidCommand,
    ForbidDependency,
    ForbidEdit,
    ForbidImport,
    Place,
    Rule,
    Status,
    kind_of,
)
from hunch_features.constraints.scopes import Scope, take
from hunch_features.constraints.sentences import Demand, demand_of, with_scope
from hunch_features.constraints.statements import Statement
from hunch_features.constraints.wording import TEST_GLOBS, Reading, read
from hunch_features.syntax import language_of_path

# Words that make a sentence a candidate for a rule at all.
_MODAL = re.compile(
    r"\b(?:never|do\s+not|don['’]t|must|always|should(?:n['’]t)?|avoid|prefer|forbidden|banned|prohibited|"
    r"not\s+allowed|"
    r"disallowed|required?|shall|ensure|make\s+sure|only)\b|^\W*(?:no|use|keep|write|add|run|name|place|put)\b",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\b(?:never|must|do\s+not|don['’]t|forbidden|banned|prohibited|not\s+allowed|required|always)\b", re.IGNORECASE
)
_MEASURABLE = re.compile(
    r"⟦\d+⟧|\b\d+\b|\b(?:import|export|type|test|file|function|class|comment|commit|command|line)s?\b", re.IGNORECASE
)
# Without one of these words a sentence, with what stands above it, is none that any pattern reads.
_TELLING = re.compile(
    r"\b(?:never|not|no|avoid|must|always|only|prefer|instead|rather|over|should|shall|forbidden|banned|"
    r"prohibited|allowed|required?|"
    r"ensure|make\s+sure|use|keep|write|add|run|name|place|put|replace|import\w*|export\w*|generated|test\w*|"
    r"line|lines|max\w*|follow|update|remove|zero|stop|contain|drafts?|sign|ask|confirm|approval|commits?|trailing|"
    r"indent\w*|tabs?|spaces?|quotes|semicolons?|docstrings?|hints?|annotat\w*|limit\w*|wrap|header|braces|pnpm|"
    r"npm|yarn|bun|uv|"
    r"dependenc\w+|don['’]t|can['’]t|mustn['’]t|shouldn['’]t|refrain|disallowed|discouraged?)\b|case\b|[❌🚫⛔✗✘]",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"\b(?:unless|except(?!ion)|exceptions?\s+(?:is|are|to|for)|exempt|only\s+(?:if|when)|apart\s+from|but)\b",
    re.IGNORECASE,
)
_CLAUSES = re.compile(
    r"\s*;\s+|\s*\((?=(?:no|never|do\s+not|don['’]t)\b)|\s+[–—]\s+|\s+-\s+|,\s+(?:and\s+|or\s+|"
    r"so\s+)?(?=(?:never|do\s+not|don['’]t|avoid)\b)|"
    r",\s+(?:and\s+)?(?=(?:use|prefer)\s)|:\s+(?=(?:never|do\s+not|don['’]t|avoid)\s)|\s+and\s+(?=(?:never|do\s+not|don['’]t)\s)|\.\s+(?=(?:never|"
    r"do\s+not|don['’]t|use|avoid)\b)",
    re.IGNORECASE,
)
_CONTRAST = re.compile(
    r"^(?:always\s+)?(?:use|prefer|favou?r)\s+\S.*\b(?:instead\s+of|rather\s+than|over)\s+(?:the\s+|a\s+|plain\s+|raw\s+)*⟦",
    re.IGNORECASE,
)
_SPECIFIC = re.compile(
    r"^(?!(?:Array|Object|String|Number|Math|JSON|Promise|Map|Set|list|dict|str|std|os|sys|fs|time)\b)"
    r"[A-Za-z_]\w*(?:(?:\.|::)\w+)+(?:\(.*\))?$|^(?:npm|pnpm|yarn|bun) run \S+$"
)
"""What has a purpose in its own name: said to be replaced for that purpose, it is replaced."""
_PRINTED = re.compile(
    r"(?P<object>⟦(?P<number>\d+)⟧(?:\s+(?:statements?|calls?))?)\s+for\s+(?:logging|debugging|logs|"
    r"(?:(?:debug|console|terminal|standard|log)\s+)?output)\b",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(
    r"^\W*(?:the\s+|an?\s+|one\s+|only\s+|sole\s+|main\s+|known\s+)*(?:exceptions?\b|except\b|unless\b|however\b|but\b)|"
    r".*\bis\s+the\s+(?:only|one|sole)\s+exception\b|"
    r"^\W*(?:it\s+is|it['’]s|this\s+is|that\s+is)\s+(?:only\s+)?(?:fine|ok(?:ay)?|allowed|acceptable|permitted)\b",
    re.IGNORECASE,
)
"""A sentence that takes something back of the one in front of it."""
_NO_CODE = re.compile(r"\.(?:json|toml|ya?ml|md|lock|txt|cfg|ini)$")
"""Files in which no code is looked for."""
_PLAIN_DENIAL = re.compile(r"^(?:never|do\s+not|don['’]t|avoid)\b", re.IGNORECASE)
_NO = re.compile(r"^no\b", re.IGNORECASE)
_NARROWS = re.compile(r"\b(?:to|for|when|in|on)\s", re.IGNORECASE)
_BARE = re.compile(r"^(?:never|avoid)\s+(?:the\s+)?⟦", re.IGNORECASE)
_WISH = re.compile(
    r"^(?:always|use|prefer|keep|write|only|never|do\s+not|don['’]t|no|avoid)\b|^⟦\d+⟧\s+(?:must|should)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """Checks of a sentence with where they hold; or the `problem` that keeps a demand from having one."""

    checks: tuple[Check, ...] = ()
    strict: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    problem: str = ""
    said_more: bool = False
    """The problem is that the sentence says more than the check would see."""


def compile_statements(statements: Sequence[Statement]) -> list[Rule]:
    """Rules of all statements that are candidates; others are prose and left out."""
    rules: list[Rule] = []
    for statement in statements:
        rules += compile_statement(statement)
    return rules


def compile_statement(statement: Statement) -> list[Rule]:
    """The rules of one sentence: none for prose, several where it forbids things of several kinds."""
    if not (_TELLING.search(statement.plain) or _TELLING.search(" ".join((statement.lead, *statement.headings[-1:])))):
        return []
    shown = statement
    statement = resolved(statement)
    reading = read(statement)
    if reading is None:
        return []
    found = _understand(statement, reading)
    statement = shown
    hedged = reading.hedge and not (found and directives.found_of(reading.text, reading.spans))
    if found and not hedged and any(part.checks for part in found):
        told = {
            (check, part.include, part.exclude, part.languages): part
            for part in reversed(found)
            for check in part.checks
        }
        order = [(part, check) for part in found for check in dict.fromkeys(part.checks)]
        rules = [
            (part, check) for part, check in order if told[check, part.include, part.exclude, part.languages] is part
        ]
        return [_enforced(statement, part, check, number) for number, (part, check) in enumerate(rules)]
    if reading.hedge and (found or _MODAL.search(statement.text)):
        return [_not_enforced(statement, "advisory", f"it leaves room for judgement: “{reading.hedge}”")]
    if found:
        status: Status = "advisory" if found[0].said_more else "unsupported"
        return [_not_enforced(statement, status, found[0].problem)]
    if not _MODAL.search(statement.text):
        return []
    if not _MEASURABLE.search(statement.text):
        return [_not_enforced(statement, "vague", "it names nothing that a check could look at")]
    strong = _STRONG.search(statement.text) is not None
    return [
        _not_enforced(
            statement,
            "unsupported" if strong else "advisory",
            "no pattern understands the whole sentence" if strong else "a wish, not a rule",
        )
    ]


def _understand(statement: Statement, reading: Reading) -> list[Understood]:
    """What a sentence demands, as a whole or clause by clause; empty where nothing is demanded."""
    whole = _demanded(statement, reading, reading.text)
    if whole is not None and whole.checks:
        others = [part for part in re.split(r"\s*;\s+", reading.text)[1:] if _PLAIN_DENIAL.match(part)]
        more = [_demanded(statement, reading, part) for part in others]
        return [_permitted(reading, one) for one in (whole, *more) if one is not None and one.checks]
    found: list[Understood] = []
    parts = re.split(r"\s*;\s+", reading.text)
    variables = {f"⟦{number}⟧" for number, span in enumerate(reading.spans) if span == "var"}
    for at, part in enumerate(parts):
        # "Use A to do B; never C" forbids C for B: what is only named behind "never" is left alone there.
        before = parts[at - 1] if at else ""
        narrowed = "⟦" in before and _BARE.match(part) is not None and _NARROWS.search(before) is not None
        one = _demanded(statement, reading, part) if part != reading.text and not narrowed else None
        if one is not None:
            found.append(one)
            continue
        clauses = _CLAUSES.split(part)
        if len(clauses) < 2 or _EXCEPTION.search(part):
            continue
        for clause in clauses:
            # Only what forbids in so many words: "use X" behind a dash is mostly an explanation, and "(no X)" tells
            # how things are unless it stands in a sentence that orders something.
            # The same holds for a thing that is only named behind "never": "use A to do B, never C" forbids C for B.
            bare = _NO.match(clause) or _BARE.match(clause)
            contrast = _CONTRAST.match(clause) is not None and whole is None
            denies = (
                contrast or (bare and _WISH.match(part) and whole is None) or (_PLAIN_DENIAL.match(clause) and not bare)
            )
            # Nobody means a purpose by `var`.
            denies = denies or (bare is not None and clause.split()[-1].rstrip(".!") in variables)
            one = _demanded(statement, reading, clause) if denies else None
            if one is not None:
                found.append(one)
    good = [_permitted(reading, one) for one in found if one.checks]
    return good or ([whole] if whole is not None else found[:1])


def _permitted(reading: Reading, found: Understood) -> Understood:
    """A condition that a person grants stands for commands alone: code and files cannot be asked."""
    if not reading.by_permission or all(isinstance(check, ForbidCommand | CheckMessage) for check in found.checks):
        return found
    return Understood(problem="it has a condition that no check can see")


def _demanded(statement: Statement, reading: Reading, text: str) -> Understood | None:
    """What one clause demands; None where it demands nothing that a pattern knows."""
    text = told = text.strip().rstrip(".!").strip()
    text = text.removesuffix(")") if "(" not in text else text
    # All that `print` is for: it narrows nothing.
    text = _PRINTED.sub(lambda match: _without_purpose(match, reading.spans), text)
    if not text:
        return None
    demand = demand_of(text, reading.where)
    found = _of_demand(statement, reading, demand) if demand is not None else None
    if found is None or not found.checks:
        other = _of_words(statement, reading, text)
        found = other if other is not None else found
    if found is None or not found.checks:
        return found
    if problem := reading.problem or _taken_back(statement):
        return Understood(problem=problem)
    if found.languages and _of_other_languages(found.include or statement.include, found.languages):
        return Understood(problem="it is about another language than its files")
    if contradicts(reading.text, reading.spans, found.checks):
        return Understood(problem="a check would forbid what the sentence recommends")
    labels = (statement.lead, reading.topic) if text == reading.text else (statement.lead,)
    if around := narrowing(statement.text, statement.headings, labels, found.checks, found.include, found.languages):
        return Understood(problem=f"“{around[:60]}” may narrow it", said_more=True)
    scoped = (*found.include, *found.exclude, *found.languages)
    left = residue_of(Clause(text, told, reading.text, reading.where, reading.spans), found.checks, scoped)
    if left:
        words = ", ".join(f"“{word}”" for word in left[:4])
        return Understood(problem=f"it says more than a check would see: {words}", said_more=True)
    return found


def _of_other_languages(globs: Sequence[str], languages: Sequence[str]) -> bool:
    """Whether globs fit files of some languages, and of none that is asked for."""
    known = {language_of_path(re.sub(r"\*+", "a", one)) for one in globs} - {None}
    return bool(known) and known.isdisjoint(languages)


def _taken_back(statement: Statement) -> str:
    """Why a neighbour of the sentence keeps it from being a rule: one that makes an exception from the same."""
    if _TAKEN_BACK.match(statement.after):
        return f"an exception follows: “{statement.after[:60]}”"
    if re.match(
        r"^\W*(?:when|whenever|if|while|during|after|before|where|once|in|for|inside|within|under|on)\b",
        statement.before,
        re.IGNORECASE,
    ):
        return f"what stands before it may narrow it: “{statement.before[:60]}”"
    if re.search(r"\b(?:unless|except)\b", statement.before, re.IGNORECASE) and _long_words(
        statement.before
    ) & _long_words(statement.text):
        return f"an exception stands before it: “{statement.before[:60]}”"
    return ""


def _long_words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{6,}", text.lower()))


def _without_purpose(match: re.Match[str], spans: tuple[str, ...]) -> str:
    prints = spans[int(match.group("number"))].startswith(
        ("print", "console.", "println", "fmt.Print", "echo", "var_dump")
    )
    return match.group("object") if prints else match.group(0)


def _of_demand(statement: Statement, reading: Reading, demand: Demand) -> Understood:
    if demand.problem and not (demand.purpose and all(_SPECIFIC.search(reading.spans[one]) for one in demand.objects)):
        return Understood(problem=demand.problem)
    demand = with_scope(demand, reading.include, reading.languages)
    checks = checks_of(demand, reading.spans, statement.folder)
    if not checks:
        return Understood(problem=WRONG_NOTHING)
    scoped = any(kind_of(check) != "source" for check in checks)
    if scoped:
        # Commands and the places of files know no tests and languages.
        demand = replace(demand, include=(), languages=(), exclude=())
    if any(
        isinstance(check, ForbidDependency) or (isinstance(check, ForbidImport) and check.names) for check in checks
    ):
        demand = replace(demand, in_places=())  # what is imported from, or into, is part of the check
    inside = globs_of(reading.spans, demand.in_places, statement.folder)
    outside = globs_of(reading.spans, demand.not_in_places, statement.folder, packages=demand.packages)
    commands = any(isinstance(check, ForbidCommand) for check in checks)
    documents = any(_NO_CODE.search(place) for place in (*(inside or ()), *(outside or ())))
    if inside is None or outside is None or documents or (commands and (inside or outside)):
        return Understood(problem="its scope is not understood")
    return Understood(
        tuple(checks), demand.strict, (*demand.include, *inside), (*demand.exclude, *outside), demand.languages
    )


def _of_words(statement: Statement, reading: Reading, text: str) -> Understood | None:
    """Sentences about acts, messages, files and style."""
    told = _with_lead_in(reading, text)
    special = (
        options.found_of(told, reading.spans, statement.before)
        or together.found_of(told, reading.spans)
        or directives.found_of(told, reading.spans)
        or commit_messages.found_of(text, reading.spans, (*statement.headings, statement.lead))
    )
    if special is not None:
        return Understood((special.check, *special.also), special.strict)
    acts = habits.checks_of(text, reading.spans)
    if acts is not None:
        if reading.where:
            return Understood(problem="its scope is not understood")
        return _of_source(reading, Found(acts[0][0], acts[1], also=tuple(acts[0][1:])))
    found = places.found_of(text, reading.spans)
    if found is None and text == reading.text != reading.labelled:
        found = places.found_of(reading.labelled, reading.spans) or plain.found_of(reading.labelled, reading.spans)
    found = found or names.found_of(text, reading.spans) or plain.found_of(text, reading.spans)
    if found is None:
        return None
    return _of_source(reading, found)


def _with_lead_in(reading: Reading, text: str) -> str:
    """A sentence with the "when you change `a`," that was taken off its front."""
    return f"{reading.where[0]}, {text}" if len(reading.where) == 1 and text == reading.text else text


def _of_source(reading: Reading, found: Found) -> Understood:
    checks = (found.check, *found.also)
    scope = Scope(include=reading.include if kind_of(found.check) == "source" else ())
    for piece in reading.where:
        take(scope, piece)
    if scope.problem or scope.in_places or scope.not_in_places:
        return Understood(problem="its scope is not understood")
    languages = scope.languages or reading.languages if kind_of(found.check) == "source" else ()
    if languages and found.languages:
        languages = tuple(language for language in languages if language in found.languages)
        if not languages:
            return Understood(problem="it is about another language than its heading")
    return Understood(
        checks,
        found.strict,
        found.include or scope.include,
        scope.exclude if scope.include else (*found.exclude, *scope.exclude),
        languages or found.languages,
    )


def _enforced(statement: Statement, found: Understood, check: Check, number: int) -> Rule:
    check = places.from_root(statement.folder, check)
    return Rule(
        id=statement.id if number == 0 else f"{statement.id}.{number + 1}",
        kind=kind_of(check),
        status="enforced",
        text=statement.plain,
        source=Place(statement.path, statement.line),
        check=check,
        severity="error" if found.strict else "warning",
        folder=statement.folder,
        include=_narrowed(found.include, () if _of_all_files(check) else statement.include),
        exclude=found.exclude,
        languages=found.languages,
    )


def _of_all_files(check: Check) -> bool:
    """Whether the globs of an instruction file tell when it is read, and not what its rule is about."""
    return kind_of(check) == "process" or isinstance(check, ForbidEdit)


def _narrowed(own: tuple[str, ...], of_file: tuple[str, ...]) -> tuple[str, ...]:
    """A sentence's own places; the file's globs where it has none, or says only "in tests" (globs cannot be both)."""
    return of_file if of_file and (not own or own == TEST_GLOBS) else own


def _not_enforced(statement: Statement, status: Status, why: str) -> Rule:
    return Rule(
        id=statement.id,
        kind="semantic",
        status=status,
        text=statement.plain,
        source=Place(statement.path, statement.line),
        folder=statement.folder,
        why=why,
    )
