"""A report as people and programs read it."""

from __future__ import annotations

import dataclasses
import json
from html.parser import HTMLParser

import pytest

from s3upload_widget import Finding, Report

RULE = '{\n  "Status": "Enabled"\n}'
CORS = Finding(
    check="cors",
    level="problem",
    what="<script>alert(1)</script> is not let in",
    why="The browser sends nothing.",
    advice="Add this & keep the others:",
    fix=RULE,
)
HINT = Finding(check="lifecycle", level="hint", what="no rule")
FINE = Finding(check="clock", level="ok", what="right")
REPORT = Report(uri="s3://lab-data/raw/", origin="https://hub.test", findings=(FINE, HINT, CORS))


class Texts(HTMLParser):
    """The tags and the text of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - HTMLParser gives it
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_a_report_is_ok_without_a_problem() -> None:
    assert not REPORT.ok
    assert dataclasses.replace(REPORT, findings=(FINE, HINT)).ok


def test_a_report_is_iterated_by_finding_and_asked_by_name() -> None:
    assert list(REPORT) == [FINE, HINT, CORS]
    assert len(REPORT) == 3
    assert REPORT["lifecycle"] is HINT
    with pytest.raises(KeyError):
        _ = REPORT["nothing"]


def test_a_report_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        REPORT.uri = "s3://other"  # type: ignore[misc]


def test_a_terminal_shows_the_worst_first() -> None:
    lines = str(REPORT).splitlines()

    assert lines[0] == (
        "s3://lab-data/raw/ is not ready for pages of https://hub.test: 1 problem, 1 hint"
    )
    assert [line.split()[0] for line in lines if line[:1].strip()][1:] == ["PROBLEM", "HINT", "ok"]
    assert '             "Status": "Enabled"' in lines
    assert repr(REPORT).startswith("Report(s3://lab-data/raw/ is not ready")
    assert "\n" not in repr(REPORT)


def test_ipython_shows_what_a_terminal_shows() -> None:
    shown: list[str] = []

    class Printer:
        def text(self, text: str) -> None:
            shown.append(text)

    REPORT._repr_pretty_(Printer(), cycle=False)

    assert shown == [str(REPORT)]


def test_all_is_well_is_said_in_one_line() -> None:
    report = Report(uri="s3://lab-data/", origin="", findings=(FINE,))

    assert str(report).splitlines()[0] == "s3://lab-data/ is ready: all is well"


def test_a_notebook_shows_everything_escaped() -> None:
    html = REPORT._repr_html_()
    shown = Texts(html)

    assert shown.tags == {"div", "b", "pre"}
    text = "".join(shown.text)
    for finding in REPORT:
        for part in (finding.check, finding.what, finding.why, finding.advice, finding.fix):
            assert part in text
    assert text.index("cors") < text.index("lifecycle") < text.index("clock")


def test_a_notebook_of_any_colour_shows_its_own_text_colour() -> None:
    styles = REPORT._repr_html_().replace("color:inherit", "").replace("background:rgba", "")

    assert "color:" not in styles.replace("border-left-color:", "")


def test_json_has_every_field() -> None:
    data = json.loads(REPORT.as_json())

    assert data == REPORT.to_dict()
    assert (data["uri"], data["ok"]) == ("s3://lab-data/raw/", False)
    assert data["findings"][2] == dataclasses.asdict(CORS)
