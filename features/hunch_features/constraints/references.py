"""What "it" and "these files" mean: a file that the sentence in front called generated, vendored or deprecated."""

from __future__ import annotations

import re
from dataclasses import replace

from hunch_features.constraints.spans import classify
from hunch_features.constraints.statements import Statement
from hunch_features.constraints.wording import NEVER, RATHER_NOT

_EDIT = r"(?:hand-?|manually\s+|directly\s+|ever\s+)*(?:edit|modify|touch|change|alter|update|overwrite)(?:ing)?"
_PRONOUN = (
    r"(?:it|them|this(?:\s+(?:file|folder|directory|code))?|these(?:\s+(?:files|folders|directories))?|those(?:\s+files)?|"
    r"the(?:se)?\s+(?:generated\s+)?(?:files?|output|result)|that\s+file)"
)
_BY_HAND = r"(?:directly|manually|by\s+hand|yourself|in\s+place|at\s+all|here)"
_SENTENCE = re.compile(
    rf"^(?P<start>[^\w⟦]*(?:(?:important|warning|note|please|critical|mandatory)\W+)*(?:{NEVER}|{RATHER_NOT})\s+{_EDIT})\s+"
    rf"(?:{_PRONOUN}(?:\s+{_BY_HAND})*|{_BY_HAND})(?P<tail>\s*(?:[-–—;:(,.!].*)?)$",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"\b(?:are|is|(?:contain|hold)s?)\s+(?:(?:all|an?|entirely|fully|only|automatically|now|code)\s+)*(?:auto-?)?\s*-?(?:generated|"
    r"vendored|deprecated|frozen|read-only|compiled|built|checked-in\s+generated|build\s+(?:output|artifacts?))\b",
    re.IGNORECASE,
)
_NARROWS = re.compile(r"\b(?:parts?|some|most|sections?|unless|except|if|when|many)\b", re.IGNORECASE)
_WITHIN = re.compile(r"\b(?:under|in|inside|within|below)\s+(?:the\s+)?(?:`[^`]+`|[\s,/]|and|or)*$", re.IGNORECASE)


def resolved(statement: Statement) -> Statement:
    """The sentence with the files in place of "it", where the sentence in front leaves no doubt."""
    match = _SENTENCE.match(statement.text) if statement.before else None
    called = _CALLED.search(statement.before) if match is not None else None
    if match is None or called is None or _NARROWS.search(statement.before):
        return statement
    front = statement.before[: called.start()]
    names = re.findall(r"`([^`]+)`", front)
    paths = [classify(name, verb="edit").text for name in names if classify(name, verb="edit").kind == "path"]
    if not paths or len(paths) < len(names):
        return statement
    if _WITHIN.search(front):
        paths = [path if path.endswith("/") or "*" in path else f"{path}/" for path in paths]
    count = len(statement.spans)
    listed = " or ".join(f"⟦{count + number}⟧" for number in range(len(paths)))
    text = f"{match.group('start')} {listed}{match.group('tail')}"
    return replace(statement, text=text, spans=(*statement.spans, *paths))
