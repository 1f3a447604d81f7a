"""Options of the whole suite."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

# A machine that is busy with other work is no fault of the code: examples have no deadline of their own.
settings.register_profile("hunch", deadline=None)
settings.load_profile("hunch")

# A shell that starts this in the background has it ignore Ctrl-C, and so would all that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="Fuzzing, soak and chaos in their long form (about an hour together)."
    )


@pytest.fixture(scope="session")
def long_form(request: pytest.FixtureRequest) -> bool:
    """Whether to run for long."""
    return bool(request.config.getoption("--long"))
