"""What a model may propose for a sentence that no pattern understood, and whether the proposal is any good.

A proposal is one check with examples that break it and that keep it, as JSON of the types below; the grammar that
holds the model to them is made from the same types. Nothing that a model says is taken on trust: the check must be
safe, its words must stand in the sentence, and it must tell its own examples apart.
"""

from __future__ import annotations

from functools import cache
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from hunch_features.constraints import grammar
from hunch_features.constraints.constructs import QUERIES
from hunch_features.constraints.rule import (
    ForbidCommand,
    ForbidConstruct,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    RequireDocumented,
    RequireHeader,
    RequireIndent,
    RequireNaming,
    RequirePlace,
)
from hunch_features.constraints.statements import Statement
from hunch_models.instruct import InstructRequest

Proposable = (
    ForbidReference
    | ForbidImport
    | ForbidConstruct
    | ForbidText
    | RequireHeader
    | LimitLength
    | RequireNaming
    | RequireIndent
    | RequireDocumented
    | ForbidFile
    | RequirePlace
    | ForbidEdit
    | ForbidCommand
)
"""Checks that one file, one path or one command can break: only these can be tried on an example."""

Language = Literal[
    "python", "javascript", "typescript", "typescriptreact", "go", "rust", "java", "c", "cpp", "csharp", "ruby", "php"
]
MAX_ANSWER = 16_384
"""Characters of an answer that are read at all."""

Text = Annotated[str, Meta(min_length=1, max_length=320)]


class Example(msgspec.Struct, frozen=True):
    """A file with its path, or a command (its path is `-`)."""

    path: Annotated[str, Meta(min_length=1, max_length=80)]
    text: Text


Examples = Annotated[tuple[Example, ...], Meta(min_length=1, max_length=3)]


class Proposal(msgspec.Struct, tag="check", tag_field="answer", frozen=True):
    """A check, and what breaks and keeps it."""

    check: Proposable
    breaks: Examples
    keeps: Examples
    include: Annotated[tuple[Annotated[str, Meta(min_length=1, max_length=80)], ...], Meta(max_length=4)] = ()
    languages: Annotated[tuple[Language, ...], Meta(max_length=4)] = ()


class Nothing(msgspec.Struct, tag="none", tag_field="answer", frozen=True):
    """No check says what the sentence says."""

    why: Annotated[str, Meta(max_length=120)]


Answer = Proposal | Nothing
_DECODER: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)

SYSTEM = """\
You turn one sentence of a project's instruction file into one check, or say that there is none.
Say none when the sentence has a condition, an exception or a purpose that the check would ignore, when it is a wish, \
or when you are not sure. A wrong check does more harm than none.
Every name, path, word and number of the check must stand in the sentence.
"breaks": one to three short examples that break the rule. "keeps": one to three that look alike and keep it. \
An example is a file with its path; for a command the path is "-" and the text is the command line.

Checks:
{checks}

Sentence: Do not ever reach for `eval`.
{{"answer": "check", "check": {{"type": "forbid_reference", "names": ["eval"]}}, "breaks": [{{"path": "a.py", \
"text": "x = eval(text)\\n"}}], "keeps": [{{"path": "a.py", "text": "x = evaluate(text)\\n"}}]}}
Sentence: Write code that is easy to read.
{{"answer": "none", "why": "nothing that a program could look at"}}
"""


@cache
def answer_grammar() -> str:
    """The GBNF of an answer."""
    return grammar.gbnf(Answer, {"construct": sorted(QUERIES)})


@cache
def _system() -> str:
    return SYSTEM.format(checks="\n".join(map(_described, get_args(Proposable))))


def _described(check: type[msgspec.Struct]) -> str:
    config = check.__struct_config__
    keys = [field.name + ("" if field.required else "?") for field in msgspec.structs.fields(check)]
    said = " ".join((check.__doc__ or "").split())
    more = f" One of: {', '.join(sorted(QUERIES))}." if check is ForbidConstruct else ""
    return f"- {config.tag} ({', '.join(keys)}): {said}{more}"


def question(statement: Statement, *, seconds: float, tokens: int) -> InstructRequest:
    """What a model is asked about one sentence."""
    above = " > ".join((*statement.headings, *((statement.lead,) if statement.lead else ())))
    prompt = f"Under: {above}\nSentence: {statement.plain}" if above else f"Sentence: {statement.plain}"
    return InstructRequest(
        _system(),
        prompt,
        answer_grammar(),
        schema=grammar.schema(Answer),
        max_tokens=tokens,
        time_limit_ms=seconds * 1000,
    )


def read_answer(text: str) -> Answer | str:
    """An answer, or what is wrong with it in a few words."""
    if len(text) > MAX_ANSWER:
        return f"an answer of more than {MAX_ANSWER} characters"
    try:
        return _DECODER.decode(text.strip())
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        return f"no answer of the form that was asked for: {' '.join(str(error).split())[:120]}"
