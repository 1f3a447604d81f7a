"""The arguments of a call as a changed parameter list wants them: kept, moved, named, taken out, still to be given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hunch_features.next_edit.signatures import Parameter, Resigned


class Given(NamedTuple):
    """An argument as it stands in a call; `key` is empty where it goes by its place."""

    key: str
    value: str
    spread: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """An argument as it is to be: `was` is its place among those given (None: it is new), `key` empty for a place.

    `value` is None where nobody knows yet what to pass for `parameter`.
    """

    parameter: str
    key: str
    value: str | None
    was: int | None = None

    @property
    def text(self) -> str:
        """As it is written in the call."""
        value = self.parameter if self.value is None else self.value
        return f"{self.key}={value}" if self.key else value


def bound(given: Sequence[Given], parameters: Sequence[Parameter]) -> dict[str, int] | None:
    """Which argument each parameter gets; None where that is not certain, or the call does not fit."""
    if any(one.spread for one in given):
        return None
    places = [one for one in parameters if not one.keyed]
    named = {one.name for one in parameters if not one.rest}
    found: dict[str, int] = {}
    for at, one in enumerate(given):
        if not one.key and (at >= len(places) or places[at].rest):
            return None
        name = one.key or places[at].name
        if name in found or name not in named:
            return None
        found[name] = at
    return found


def fits(given: Sequence[Given], parameters: Sequence[Parameter]) -> bool:
    """Whether a call can be one of a function with these parameters."""
    names = bound(given, parameters)
    return names is not None and all(one.optional or one.name in names for one in parameters)


def is_needed(given: Sequence[Given], resigned: Resigned) -> bool:
    """Whether a call that was right before has to change; False where it is not certain that it was."""
    if not fits(given, resigned.was):
        return False
    new = passed(given, resigned, lambda _parameter: None, keys=True)
    return new is None or [(one.was, one.key) for one in new] != [(at, one.key) for at, one in enumerate(given)]


def passed(
    given: Sequence[Given], resigned: Resigned, fill: Callable[[Parameter], str | None], *, keys: bool
) -> list[Passed] | None:
    """The call's new arguments; `fill` says what to pass for a new parameter, `keys` whether calls may name arguments.

    None where the call did not fit before, or where only a named argument could do what cannot be named.
    """
    had = bound(given, resigned.was)
    if had is None or not fits(given, resigned.was):
        return None
    former = {new: old for old, new in resigned.renamed}
    by_place: list[Passed] = []
    by_name: list[Passed] = []
    gap = False
    all_named = bool(given) and all(one.key for one in given)
    for parameter in resigned.now:
        if parameter.rest:
            continue
        at = had.get(former.get(parameter.name, parameter.name))
        if at is None and parameter.optional:
            gap = True
            continue
        value = given[at].value if at is not None else fill(parameter)
        stays_named = at is not None and bool(given[at].key)
        if parameter.keyed or gap or stays_named or (at is None and all_named):
            if not keys:
                return None
            by_name.append(Passed(parameter.name, parameter.name, value, at))
            gap = True  # what comes later can no longer go by its place
        else:
            by_place.append(Passed(parameter.name, "", value, at))
    return by_place + _in_order(by_name)


def _in_order(named: list[Passed]) -> list[Passed]:
    """Named arguments as the person ordered them; where that is the parameters' order new ones take their places."""
    places = [one.was for one in named if one.was is not None]
    if places == sorted(places):
        return named
    kept = sorted((one for one in named if one.was is not None), key=lambda one: one.was or 0)
    return kept + [one for one in named if one.was is None]
