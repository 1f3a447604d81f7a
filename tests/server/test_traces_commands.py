"""`hunch traces` and `hunch report` as a person uses them."""

from __future__ import annotations

import importlib.util
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hunch_features.traces import events
from hunch_features.traces.consent import Consent
from hunch_features.traces.recorder import Recorder
from hunch_features.traces.store import FILE_NAME
from tests.server.conftest import Run, one_line

MARKER = "some_typed_name"
DAY_MS = 86_400_000
START_MS = 1_790_000_000_000


@pytest.fixture
def home(tmp_path: Path, hunch: Run) -> Path:
    """A state folder with three days of work at the level `text`."""
    assert hunch("traces", "on", "--level", "text").returncode == 0
    folder = tmp_path / "home"
    recorder = Recorder(folder, Consent(folder))
    for day in range(3):
        for number in range(10):
            at = START_MS + day * DAY_MS + number * 60_000
            name = f"{day}.{number}"
            common = {"at": at, "workspace": str(tmp_path / "here"), "document": "a.py", "language": "python"}
            recorder.record(events.EditBurst(**common, inserted=20, inserted_text=MARKER))
            recorder.record(
                events.SuggestionShown(**common, suggestion=name, chars=10, latency_ms=12.0, source="model")
            )
            if number < 3:
                recorder.record(events.SuggestionAccepted(**common, suggestion=name, chars=10, text="abc"))
                recorder.record(events.AcceptedTextChecked(**common, suggestion=name, after_s=120, chars=10, kept=0.5))
            else:
                recorder.record(events.SuggestionRejected(**common, suggestion=name, reason="typed", shown_ms=300))
            recorder.record(events.SuggestionWithheld(**common, reason="unsure"))
    recorder.close()
    return folder


class Page(HTMLParser):
    """Collects tags and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_off_until_turned_on(hunch: Run) -> None:
    status = json.loads(hunch("traces", "status", "--json").stdout)
    assert set(status) >= {"consent", "level", "events", "sessions", "bytes", "oldest", "retention_days"}
    assert (status["consent"], status["events"], status["bytes"]) == (False, 0, 0)
    assert json.loads(hunch("traces", "on", "--json").stdout)["consent"] is True
    assert json.loads(hunch("traces", "off", "--json").stdout)["consent"] is False


def test_for_one_workspace_only(hunch: Run, tmp_path: Path) -> None:
    status = json.loads(hunch("traces", "on", "--workspace", tmp_path, "--level", "structure", "--json").stdout)
    assert status["consent"]
    assert "1 workspace" in status["sentence"]
    consent = Consent(tmp_path / "home")
    assert consent.level(str(tmp_path.resolve())) is not None
    assert consent.level(str(tmp_path / "other")) is None


def test_status_and_stats_count_what_is_there(hunch: Run, home: Path) -> None:
    status = json.loads(hunch("traces", "status", "--json").stdout)
    assert (status["consent"], status["level"], status["events"], status["sessions"]) == (True, "text", 129, 1)
    assert status["bytes"] > 0
    stats = json.loads(hunch("traces", "stats", "--json").stdout)
    assert stats["events"] == 129
    assert stats["total"]["shown"] == 30
    assert stats["total"]["acceptance"] == pytest.approx(0.3)
    assert stats["withheld_reasons"] == {"unsure": 30}
    assert "suggestions seen" in hunch("traces", "stats").stdout


def test_the_report_is_one_page_without_scripts_or_links(hunch: Run, home: Path, tmp_path: Path) -> None:
    done = hunch("report", "--out", tmp_path / "out" / "r.html", "--json")
    assert json.loads(done.stdout)["shown"] == 30
    source = (tmp_path / "out" / "r.html").read_text(encoding="utf-8")
    page = Page(source)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "img", "object")]
    assert not re.search(r"(?:src|href)=[\"']https?:", source.replace("http://www.w3.org", ""))
    titles = [attrs.get("aria-label") for tag, attrs in page.tags if tag == "svg"]
    assert {"Suggestions per day", "Suggestions by hour of the day", "Reasons for silence"} <= set(titles)
    assert "Patterns around suggestions" in titles
    assert "30% (17% to 48%)" in page.text
    assert "50% of the text" in page.text
    assert MARKER not in source


def test_a_report_of_nothing_says_so(hunch: Run, tmp_path: Path) -> None:
    assert hunch("report", "--out", tmp_path / "r.html").returncode == 0
    page = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert "Nothing is recorded" in page.text
    assert not (tmp_path / "home" / FILE_NAME).exists()


def test_names_in_the_record_cannot_become_markup(hunch: Run, home: Path, tmp_path: Path) -> None:
    recorder = Recorder(home, Consent(home))
    recorder.record(
        events.SuggestionWithheld(at=START_MS, workspace=str(tmp_path / "here"), reason="x.script", language="a-b")
    )
    recorder.close()
    assert hunch("report", "--out", tmp_path / "r.html").returncode == 0
    assert "<script" not in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_deleting_a_span_of_time(hunch: Run, home: Path) -> None:
    second = "2026-09-22"  # START_MS is on the day before, in every time zone
    done = json.loads(hunch("traces", "delete", "--since", second, "--yes", "--json").stdout)
    assert done["deleted"] in (86, 43, 129)  # by the time zone
    assert done["verified"]
    assert json.loads(hunch("traces", "stats", "--json").stdout)["events"] == 129 - done["deleted"]


def test_deleting_everything_leaves_no_byte(hunch: Run, home: Path) -> None:
    found = [path for path in home.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]
    assert found
    done = json.loads(hunch("traces", "delete", "--all", "--yes", "--json").stdout)
    assert (done["deleted"], done["verified"]) == (129, True)
    assert not [path for path in home.rglob("*") if path.is_file() and MARKER.encode() in path.read_bytes()]


def test_an_export_can_be_read_back(hunch: Run, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert json.loads(hunch("traces", "export", "--out", path, "--json").stdout)["events"] == 129
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 129
    assert all(row["v"] == events.SCHEMA_VERSION for row in rows)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert any(row.get("inserted_text") == MARKER for row in rows)
    compared = json.loads(hunch("traces", "stats", "--compare", "record", path, "--json").stdout)
    assert compared["operations"] == 0


def test_parquet_holds_the_same_or_says_what_it_needs(hunch: Run, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    if importlib.util.find_spec("pyarrow") is None:
        assert "hunch-ls[parquet]" in one_line(hunch("traces", "export", "--out", path))
        return
    import pyarrow.parquet as pq

    assert hunch("traces", "export", "--out", path).returncode == 0
    table = pq.read_table(path)
    assert table.num_rows == 129
    assert {"v", "kind", "at", "workspace", "document"} <= set(table.column_names)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["traces", "delete"], "--all"),
        (["traces", "delete", "--all", "--since", "2026-01-01"], "--all"),
        (["traces", "delete", "--all"], "deleted"),  # nobody there to say yes
        (["traces", "delete", "--workspace", "nowhere", "--yes"], "nowhere"),
        (["traces", "on", "--level", "everything"], "--level"),
        (["traces", "stats", "--since", "yesterday"], "--since"),
        (["traces", "stats", "--compare", "record", "x.jsonl"], "nothing is recorded"),
        (["report", "--since", "soon"], "--since"),
    ],
)
def test_bad_use(hunch: Run, arguments: list[str], says: str) -> None:
    assert says in one_line(hunch(*arguments))


def test_a_report_that_cannot_be_written(hunch: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "--out" in one_line(hunch("report", "--out", tmp_path / "file" / "r.html"))


def test_a_damaged_record_is_set_aside_and_told(hunch: Run, home: Path) -> None:
    (home / FILE_NAME).write_bytes(b"no database at all" * 1000)
    done = hunch("traces", "status", "--json")
    assert json.loads(done.stdout)["events"] == 0
    assert "set aside" in done.stderr
    assert list(home.glob("traces.damaged-*"))
