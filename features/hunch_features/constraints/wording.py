"""What surrounds the demand of a sentence: labels, headings and lead-ins that turn or narrow it, hedges, conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from hunch_features.constraints.phrases import with_phrases
from hunch_features.constraints.statements import Statement

NEVER = (
    r"(?:never(?:\s+ever)?|stop(?=\s+using\b)|do\s+not(?:\s+ever)?|don['’]t(?:\s+ever)?|must\s+(?:not|never)|mustn['’]t|"
    r"(?:(?:you|agents)\s+are\s+)?not\s+allowed\s+to|(?:you\s+)?(?:may|can)\s*not|can['’]t|(?:is|are)\s+forbidden\s+to)"
)
RATHER_NOT = r"(?:avoid|should\s+not|shouldn['’]t|should\s+never|please\s+don['’]t|refrain\s+from|discourage[sd]?)"

TEST_GLOBS = (
    "**/test_*.*", "**/*_test.*", "**/*.test.*", "**/*.spec.*", "**/tests/**", "**/test/**", "**/__tests__/**",
    "**/tests_*/**",
    "**/src/test/**",
)  # fmt: skip
LANGUAGES = {
    "python": ("python",),
    "typescript": ("typescript", "typescriptreact"),
    "ts": ("typescript", "typescriptreact"),
    "javascript": ("javascript", "javascriptreact"),
    "rust": ("rust",),
    "go": ("go",),
    "golang": ("go",),
    "java": ("java",),
    "ruby": ("ruby",),
    "c++": ("cpp",),
    "c#": ("csharp",),
    "react": ("javascriptreact", "typescriptreact"),
    "kotlin": ("kotlin",),
    "swift": ("swift",),
    "elixir": ("elixir",),
    "php": ("php",),
    ".net": ("csharp",),
    "zig": ("zig",),
    "lua": ("lua",),
    "dart": ("dart",),
    "flutter": ("dart",),
    "scala": ("scala",),
    "haskell": ("haskell",),
    "bash": ("shellscript",),
    "shell": ("shellscript",),
    "sql": ("sql",),
    "css": ("css", "scss", "less"),
    "vue": ("vue",),
    "svelte": ("svelte",),
    "html": ("html",),
    "markdown": ("markdown",),
    "solidity": ("solidity",),
    "perl": ("perl",),
    "julia": ("julia",),
    "f#": ("fsharp",),
}

HEDGE = re.compile(
    r"\b(?:(?:where|when|whenever|wherever|if|as\s+(?:much|far|"
    r"often)\s+as)\s+(?:at\s+all\s+)?(?:it\s+is\s+)?(?:possible|practical|"
    r"feasible|reasonable|appropriate|applicable|sensible|you\s+can|it\s+makes\s+sense|makes\s+sense|needed|"
    r"necessary)|"
    r"(?:unless|except\s+when|if\s+not)\s+(?:\w+\s+)?(?:\w+\s+)?(?:necessary|needed|required|unavoidable|"
    r"justified|essential)|"
    r"usually|generally|typically|ideally|mostly|in\s+general|most\s+of\s+the\s+time|try\s+(?:to|not)|minimi[sz]e|"
    r"sparingly|unnecessar(?:y|ily)|excessive(?:ly)?|overus(?:e|ing)|premature(?:ly)?|blindly|gratuitous(?:ly)?|"
    r"consider|unless\s+there(?:\s+is|['’]s)|by\s+default|as\s+needed|too\s+(?:many|much)|heavy|large|complex|"
    r"obfuscated|without\s+(?:an?\s+)?(?:\w+\s+)?(?:reason|need|justification|cause))\b",
    re.IGNORECASE,
)
"""Words that leave it to judgement: such a sentence is advice, not a rule."""

PERMISSION = re.compile(
    r"[,(]?\s*(?:unless|without|except\s+(?:when|if)|only\s+(?:when|if))\s+(?:\w+['’]?\w*\s+){0,4}?"
    r"(?:asked|asking|instructed|requested|told|directed|permission|permissions|approval|approved|authori[sz]ation|"
    r"confirmation|consent|"
    r"instructions?|request|asks|says|instructs|requests|directs)(?:\s+(?!(?:if|when|unless|except|after|"
    r"before)\b)[\w'’-]+){0,14}\)?$",
    re.IGNORECASE,
)
"""A condition that the person at the keyboard grants. A guard may be told to step aside, so it stands for commands."""

_MARKS = re.compile(r"^[\s>*_\-–—•☐☑\[\]]*(?:\[[ xX]\]\s*)?")
_BAD = re.compile(r"^[❌🚫⛔✗✘❎]️?\s*")
_GOOD = re.compile(r"^[✅✔☑👍]️?\s*")
_WARNING = re.compile(
    r"^(?:⚠️?\s*)?(?:(?:important|note|critical|warning|rule|mandatory|required|strict|always|remember|caution|"
    r"key\s+rule|"
    r"make\s+sure\s+to(?=\s+never)|key\s+principle|hard\s+rule|strongly)\s*[:!.]\s*|⚠️?\s*|please\s+)",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"^(?:never(?:\s+(?:ever|do(?:\s+(?:this|these|any\s+of\s+(?:these|the\s+following)))?))?|"
    r"do\s*n['’]?o?t['’]?s?(?:\s+do(?:\s+\w+){0,3})?|"
    r"don['’]ts?|(?:you\s+)?must\s+(?:not|never)|(?:things\s+to\s+)?avoid(?:\s+(?:this|these|the\s+following))?|"
    r"forbidden|prohibited|banned|(?:common\s+)?anti-?patterns(?:\s+to\s+avoid)?|"
    r"(?:common\s+)?(?:mistakes|pitfalls)(?:\s+to\s+avoid)?|"
    r"not\s+allowed|disallowed|what\s+(?:not\s+to\s+do|to\s+avoid)|no[- ]?go|absolutely\s+not|"
    r"strictly\s+(?:forbidden|prohibited))"
    r"(?:\s+(?:patterns?|practices?|apis?|commands?|actions?|list|imports?|functions?|things))?$",
    re.IGNORECASE,
)
_ONE_OF_SEVERAL = re.compile(
    r"^(?:archetype|option|variant|case|scenario|mode|recipe|example|alternative)\b", re.IGNORECASE
)
"""Headings of a part that speaks of some things only."""
_MISTAKES = re.compile(r"\b(?:mistakes|pitfalls|anti-?patterns)\b", re.IGNORECASE)
_PLACED = re.compile(
    r"^(?:(?:all|every|each|any|the|new)\s+)*(?:\w+\s+)?(?:files?|code|modules?|components?|hooks?|classes|functions?|packages?|"
    r"everything|anything|scripts?|routes?|pages?|services?|types?)?\s*(?:in|under|inside|within)\s+"
    r"(?P<path>(?:[\w@.*{}-]+/)+[\w.*{},-]*)(?:\s+(?:director(?:y|ies)|folders?|files?|code|packages?))?"
    r"(?:\s*,)?(?:\s+(?:must|should|always|needs?\s+to|has\s+to|have\s+to|follows?\s+these\s+rules?))*\W*$",
    re.IGNORECASE,
)
_NO_EDITS = re.compile(
    r"\b(?:do\s+not|don['’]?t|never|must\s+not(?:\s+be)?|not\s+to)\s+(?:manually\s+|directly\s+|hand-?)?"
    r"(?:edit(?:ed)?|modify|modified|touch(?:ed)?|change[d]?)(?:\s+(?:these|the\s+following|files?|manually|directly|by\s+hand|"
    r"director(?:y|ies)|folders?|paths))*\W*$",
    re.IGNORECASE,
)
_KEPT_BACK = re.compile(
    r"\b(?:may\s+be|can\s+be|hand-|individual|some|except|unless|only|but|if|when)\b|⟦", re.IGNORECASE
)
_LISTED = re.compile(r"^Never edit ⟦")
_NEGATIVE_VERB = re.compile(
    rf"^(?:{NEVER}|avoid)\s+(?P<verb>[a-z-]+)\s+(?:any\s+of\s+)?(?:the\s+following|these|"
    rf"those)(?:\s+(?:\w+\s*){{0,3}})?(?:\s[-–—]\s.*)?$",
    re.IGNORECASE,
)
_NEUTRAL = re.compile(
    r"\b(?:enforced|in\s+particular|specifically|concretely|in\s+short|in\s+addition|rules?|guidelines?|conventions?|"
    r"principles?|notes?|important|following|requirements?|constraints?|"
    r"standards?|styles?|"
    r"must|always|practices?|preferences?|instructions?|polic(?:y|ies)|essentials?|critical|key|general|do['’]?s|"
    r"follow|remember|"
    r"keep\s+in\s+mind|quality|formatting|imports?|exports?|naming|types?|typing|code|coding|strict|mandatory|"
    r"non-negotiables?|"
    r"expectations?|reminders?|basics|summary|git|commits?|workflow|process|security|linting|dependencies|"
    r"package\s+manager|"
    r"package\s+management|tooling|tools|commands?|files?|architecture|boundaries|error\s+handling|logging|comments?|"
    r"documentation|safety|syntax|patterns?|typescript|javascript|python|rust|go|react|java|frontend|backend|"
    r"functions?|async|"
    r"strings?|variables?|classes|ci|agents?|do|checklist|limits?|hard\s+limits?|pull\s+requests|prs|"
    r"version\s+control)\b",
    re.IGNORECASE,
)
_NARROWING = re.compile(
    r"^(?:when|if|while|before|after|once|during|until|where|for|as|in\s+case|whenever|on|unless|to|with|because|"
    r"since|given|"
    r"depending|exceptions?|examples?|e\.g|example|options?|legacy|migrat\w*|optional|possible|alternatives?|"
    r"sometimes)\b",
    re.IGNORECASE,
)
_NO_RULE = re.compile(
    r"^(?:exceptions?|examples?|e\.g\.?|good|bad|before|after|why|reason|rationale|because|instead|fix|wrong|"
    r"correct|right|incorrect|"
    r"description|purpose|todo|question|symptom|cause|problem|solution|issue|error|output|result|status|goal|"
    r"used\s+for)$",
    re.IGNORECASE,
)
_TOPIC = re.compile(r"^(?P<topic>(?:[A-Z`⟦.@\d][^:.;!?]{0,60}?))\s*:\s+(?P<rest>\S.*)$")
_IMPERATIVE = re.compile(
    rf"^(?:{NEVER}|{RATHER_NOT}|always|use|prefer|no|only|must|should|write|keep|name|put|place|add|run|call|"
    rf"import|follow|ensure|"
    r"favou?r|replace|max|maximum|\d|all|every|each|don['’]t|files?|functions?|classes|⟦|§|[a-z]+[- ](?:case|"
    r"quotes|indent)|tabs|"
    r"spaces|snake|camel|kebab|pascal|type|indent|single|double|four|two|line)",
    re.IGNORECASE,
)
_DENIES = re.compile(rf"^(?:{NEVER}|{RATHER_NOT}|no|use|prefer|only|always)\s+\S", re.IGNORECASE)
_LEADING = re.compile(
    r"^(?P<where>(?:in|within|inside|for|on|under|when|if|while|before|after|once|during|until|unless|where|as|"
    r"whenever|to)\b[^,:]{1,90})"
    r"\s*[,:]\s+(?P<rest>\S.*)$",
    re.IGNORECASE,
)
_GERUND_OR_VERB = re.compile(
    r"^(?:us(?:e|ing)|call(?:ing)?|import(?:ing)?|add(?:ing)?|writ(?:e|ing)|introduc(?:e|ing)|rely(?:ing)?|"
    r"run(?:ning)?|execut(?:e|ing)|"
    r"edit(?:ing)?|modify(?:ing)?|touch(?:ing)?|chang(?:e|ing)|commit(?:ting)?|creat(?:e|ing)|force-push(?:ing)?|"
    r"push(?:ing)?|"
    r"amend(?:ing)?|skip(?:ping)?|leav(?:e|ing)|install(?:ing)?|throw(?:ing)?|export(?:ing)?|open(?:ing)?|"
    r"merg(?:e|ing))\b",
    re.IGNORECASE,
)
_TESTS = re.compile(
    r"^(?:\d+[.)]\s*)?(?:[\w/-]+\s+){0,2}"
    r"test(?:s|ing)?(?:\s+(?:files?|code|conventions?|guidelines?|rules?|style|patterns?|standards?|practices?|"
    r"strategy|requirements?))*$",
    re.IGNORECASE,
)
_FILLERS = (
    r"(?:\s+(?:code|files?|guidelines?|rules?|style(?:\s+guide)?|conventions?|standards?|only|"
    r"best\s+practices|specific|specifics|coding|naming|formatting|linting|quality|typing|syntax|preferences|patterns|"
    r"principles|requirements|development|workflow|notes|imports|language|and|&|\(.*\)))*"
)
_LANGUAGE = re.compile(
    rf"^(?:the\s+)?(?P<names>(?:[A-Za-z.+#]+)(?:\s*(?:/|,|&|and)\s*[A-Za-z.+#]+)*){_FILLERS}$", re.IGNORECASE
)
_LANGUAGE_ONLY = re.compile(r"\((?P<name>[A-Za-z+#]+)\s+only\)", re.IGNORECASE)


@dataclass(slots=True)
class Reading:
    """A sentence made plain. `where` are pieces of scope in front of it ("in tests"), `problem` why it is not read."""

    text: str
    spans: tuple[str, ...]
    labelled: str = ""
    """With the label in front of it ("Line length: 88"), which may be the half of what is demanded."""
    include: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    where: list[str] = field(default_factory=list)
    problem: str = ""
    hedge: str = ""
    topic: str = ""
    """The label that was taken off; what stands behind it need not be what the line above the list speaks of."""
    by_permission: bool = False
    mistakes: bool = False
    """It stands in a list of mistakes, where an order is one that should be followed."""


def read(statement: Statement) -> Reading | None:
    """Read a sentence with what stands around it; None where it is no rule at all, such as an example."""
    text, spans = with_phrases(statement.text, statement.spans)
    reading = Reading(text, spans)
    body = _MARKS.sub("", text).strip()
    negative = False
    if bad := _BAD.match(body):
        negative, body = True, body[bad.end() :]
    body = _GOOD.sub("", body)
    body = _MARKS.sub("", body)
    body = _WARNING.sub("", _WARNING.sub("", body))
    reading.labelled = body.strip().rstrip(".!").strip()
    for _ in range(2):
        topic = _TOPIC.match(body)
        if topic is None:
            break
        words = topic.group("topic").strip().strip('"')
        if _NEGATIVE.match(words):
            negative, body = True, topic.group("rest")
        elif re.match(r"^(?:prefer(?:red)?)$", words, re.IGNORECASE):
            body = f"Prefer {topic.group('rest')}"
        elif _NO_RULE.match(words):
            return None
        elif _DENIES.match(words):
            break
        elif len(words.split()) <= 7 and _IMPERATIVE.match(topic.group("rest")) and not _LEADING.match(body):
            if not _scoped(reading, words) and _NARROWING.match(words):
                reading.problem = f"“{words}” narrows it"
            reading.topic = words
            body = topic.group("rest")
        else:
            break
        body = _WARNING.sub("", _MARKS.sub("", body))
    leading = _LEADING.match(body)
    if leading is not None and not re.match(r"^to\s+⟦", body, re.IGNORECASE):
        reading.where.append(leading.group("where"))
        body = leading.group("rest")
    body = body.strip().rstrip(".!").strip()
    permission = PERMISSION.search(body)
    if permission is not None:
        reading.by_permission = True
        body = body[: permission.start()].rstrip(" ,")
    hedge = HEDGE.search(body) or HEDGE.search(" ".join(reading.where))
    reading.hedge = hedge.group(0) if hedge else ""
    negative = _surroundings(reading, statement, body) or negative
    reading.text = _negated(reading, body) if negative else body
    return reading


def _surroundings(reading: Reading, statement: Statement, body: str) -> bool:
    """What headings and the line in front of the list say; whether they forbid what stands below them."""
    negative = False
    for heading in statement.headings:
        words = re.sub(r"^[\W\d]+|[\W]+$", "", heading)
        if not _scoped(reading, words) and _ONE_OF_SEVERAL.match(words):
            reading.problem = reading.problem or f"it stands under “{heading}”"
        if only := _LANGUAGE_ONLY.search(heading):
            reading.languages = LANGUAGES.get(only.group("name").lower(), reading.languages)
    last = re.sub(r"^[\W\d]+|[\W]+$", "", statement.headings[-1]) if statement.headings else ""
    if _NEGATIVE.match(last):
        negative = True
        reading.mistakes = _MISTAKES.search(last) is not None
    if not reading.topic and (_NO_EDITS.search(last) or _NO_EDITS.search(statement.lead)):
        # A list of paths, each with what it is behind it.
        listed = re.match(r"^(?:⟦\d+⟧(?:\s*(?:,|/|\band\b|\bor\b)\s*)?)+(?=\s*(?:$|[-–—:(]))", body)
        if listed is not None and not _KEPT_BACK.search(body[listed.end() :]):
            reading.text = f"Never edit {listed.group(0)}{body[listed.end() :]}"
            return True
    if not statement.lead:
        return negative
    lead = _WARNING.sub("", re.sub(r"^[^\w(]+|[^\w)]+$", "", statement.lead))
    verb = _NEGATIVE_VERB.match(lead)
    if _NEGATIVE.match(lead):
        return True
    if verb is not None and body.startswith("⟦") and not reading.topic:
        reading.text = f"Never {verb.group('verb').lower()} {body}"
        return True
    placed = _PLACED.match(statement.lead.strip())
    if HEDGE.search(lead):
        reading.hedge = reading.hedge or lead
    elif placed is not None and not reading.include:
        reading.include = (_glob_below(statement.folder, placed.group("path")),)
    elif not _scoped(reading, lead) and (_NARROWING.match(lead) or not _NEUTRAL.search(lead)):
        reading.problem = reading.problem or f"it stands under “{lead[:60]}”"
    return negative


def _glob_below(folder: str, path: str) -> str:
    """The glob of a path that a heading or a lead names, below the folder for which it speaks."""
    path = path.removeprefix("./")
    pattern = (
        f"{path}**" if path.endswith("/") else path if "." in path.rsplit("/", 1)[-1] or "*" in path else f"{path}/**"
    )
    return pattern if not folder or pattern.startswith(f"{folder}/") else f"{folder}/{pattern}"


def _scoped(reading: Reading, words: str) -> bool:
    """Whether words name tests or languages, to which the rule is then narrowed."""
    tests, languages = _named_scope(words)
    reading.include = TEST_GLOBS if tests else reading.include
    reading.languages = languages or reading.languages
    return tests or bool(languages)


@lru_cache(maxsize=4096)
def _named_scope(words: str) -> tuple[bool, tuple[str, ...]]:
    if _TESTS.match(words):
        return True, ()
    match = _LANGUAGE.match(words)
    names = re.split(r"\s*(?:/|,|&|\band\b)\s*", match.group("names").lower()) if match else []
    found = [LANGUAGES[name] for name in names if name in LANGUAGES]
    if len(found) != len(names):
        return False, ()
    return False, tuple(dict.fromkeys(language for group in found for language in group))


def _negated(reading: Reading, body: str) -> str:
    if reading.text.startswith("Never ") and (reading.text.endswith(body) or _LISTED.match(reading.text)):
        return reading.text
    if re.match(rf"^(?:{NEVER}|{RATHER_NOT}|no)\b", body, re.IGNORECASE):
        return body
    if _GERUND_OR_VERB.match(body) and (not reading.mistakes or re.match(r"^\w+ing\b", body)):
        return f"Do not {body[0].lower()}{body[1:]}"
    if body.startswith("⟦") and not reading.topic and not reading.mistakes:
        return f"Do not use {body}"
    reading.problem = reading.problem or "it stands under a heading that forbids, and is no act"
    return body
