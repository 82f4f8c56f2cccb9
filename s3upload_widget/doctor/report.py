"""The doctor's findings, for people in a notebook or a terminal, and for programs.

Holds text alone: no client, no presigned URL, no credential.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from textwrap import indent
from typing import TYPE_CHECKING, Final, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

Level: TypeAlias = Literal["ok", "hint", "problem"]

_WORST_FIRST: Final[tuple[Level, ...]] = ("problem", "hint", "ok")
_WIDTH: Final = 9
# Colours that are visible on white and on black; all else is the notebook's own.
_BAR: Final[dict[Level, str]] = {"problem": "#e0442f", "hint": "#c98a00", "ok": "#2e9e52"}
_PRE: Final = (
    "margin:4px 0;padding:6px 8px;overflow-x:auto;white-space:pre;"
    "background:rgba(128,128,128,.14);color:inherit;font-size:.92em"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The result of one check."""

    check: str
    """The check's name: ``cors``, ``clock``, ``s3:PutObject``, …"""
    level: Level
    """``ok``; ``hint``: uploads work, or it cannot be known from here; ``problem``: they do not."""
    what: str
    """The result, in one sentence."""
    why: str = ""
    """Why it matters."""
    advice: str = ""
    """What to do."""
    fix: str = ""
    """The JSON, the command or the code that does it."""

    def __str__(self) -> str:
        word = self.level if self.level == "ok" else self.level.upper()
        told = [f"{word:<{_WIDTH}}{self.check}: {self.what}"]
        told += [indent(text, " " * _WIDTH) for text in (self.why, self.advice) if text]
        if self.fix:
            told.append(indent(self.fix, " " * (_WIDTH + 2)))
        return "\n".join(told)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """Whether pages can upload to a bucket, and what to do where they cannot.

    Print it, or let a notebook show it; iterate over its findings; or take it as JSON.
    """

    uri: str
    """``s3://bucket/prefix``."""
    origin: str
    """Of the page that was checked; ``""`` if unknown."""
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no problem; hints do not count."""
        return all(finding.level != "problem" for finding in self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, check: str) -> Finding:
        for finding in self.findings:
            if finding.check == check:
                return finding
        raise KeyError(check)

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        return {
            "uri": self.uri,
            "origin": self.origin,
            "ok": self.ok,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def as_json(self, *, indent: int | None = 2) -> str:
        """As JSON."""
        return json.dumps(self.to_dict(), indent=indent)

    def __repr__(self) -> str:
        return f"Report({self._summary()})"

    def __str__(self) -> str:
        return "\n".join([self._summary(), "", *map(str, self._worst_first())])

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:
        printer.text(repr(self) if cycle else str(self))

    def _repr_html_(self) -> str:
        rows = "".join(map(_html, self._worst_first()))
        return f'<div style="line-height:1.45"><b>{escape(self._summary())}</b>{rows}</div>'

    def _worst_first(self) -> list[Finding]:
        return sorted(self.findings, key=lambda finding: _WORST_FIRST.index(finding.level))

    def _summary(self) -> str:
        counts = [
            f"{count} {level}{'' if count == 1 else 's'}"
            for level in _WORST_FIRST[:-1]
            if (count := sum(finding.level == level for finding in self.findings))
        ]
        state = "ready" if self.ok else "not ready"
        whom = f" for pages of {self.origin}" if self.origin else ""
        return f"{self.uri} is {state}{whom}: {', '.join(counts) or 'all is well'}"


class _Printer(Protocol):
    """The part of IPython's pretty printer that is used."""

    def text(self, text: str) -> None:
        """Show ``text``."""


def _html(finding: Finding) -> str:
    told = "".join(f"<div>{escape(text)}</div>" for text in (finding.why, finding.advice) if text)
    fix = f'<pre style="{_PRE}">{escape(finding.fix)}</pre>' if finding.fix else ""
    return (
        f'<div style="margin:8px 0;padding-left:10px;border-left:3px solid {_BAR[finding.level]}">'
        f"<div><b>{finding.level} · {escape(finding.check)}</b>: {escape(finding.what)}</div>"
        f"{told}{fix}</div>"
    )
