"""The bucket's CORS and lifecycle rules: which is missing, and how to add it to the others.

Knows no permissions; reads rules, and writes them only in ``Remedy.apply``.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.doctor.connection import endpoint_option, shown_address
from s3upload_widget.doctor.report import Finding
from s3upload_widget.errors import S3Error
from s3upload_widget.keys import parse_target
from s3upload_widget.policy import cors_rule, lasting_origin, lifecycle_rule
from s3upload_widget.s3 import Store, Unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.doctor.preflight import Preflight
    from s3upload_widget.doctor.report import Report
    from s3upload_widget.s3 import ConfigRules, RuleKind

_COMMANDS: Final[Mapping[RuleKind, tuple[str, str]]] = {
    "cors": ("put-bucket-cors", "--cors-configuration"),
    "lifecycle": ("put-bucket-lifecycle-configuration", "--lifecycle-configuration"),
}
_SERVER_ERROR: Final = 500
_ELSEWHERE: Final[Mapping[RuleKind, str]] = {
    "cors": "This server takes no CORS rules of a bucket, so its own configuration decides, or a "
    "proxy before it that adds the headers. OpenStack Swift reads them from the metadata of two "
    "containers, the second for parts: `swift post -m 'Access-Control-Allow-Origin: {origin}' "
    "-m 'Access-Control-Expose-Headers: ETag' {bucket}`, and the same for '{bucket}+segments'.",
    "lifecycle": "This server takes no such rules: run "
    "`s3upload abort {place} --older-than 7d{where}` now and then.",
}
"""Of servers that keep no rules of a kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A rule that can be added to a bucket's rules."""

    rule: Mapping[str, Any]
    """The added rule."""
    before: ConfigRules
    """The rules that the bucket has, and keeps."""
    _store: Store = field(repr=False)

    def __str__(self) -> str:
        count = len(self.before.rules)
        stay = "existing one stays" if count == 1 else f"{count} existing ones stay"
        others = f"; the {stay}" if count else ""
        where = f"s3://{self._store.bucket}"
        return f"A {self.before.kind} rule for {where}{others}:\n{as_json(self.rule)}"

    def apply(self) -> None:
        """Add the rule.

        Raises:
            S3Error: S3 does not let it be written, or somebody changed the rules since.
        """
        if self._store.config.rules(self.before.kind) != self.before:
            msg = f"the {self.before.kind} rules of {self._store.bucket!r} were changed meanwhile"
            raise S3Error(msg)
        self._store.config.put(self.before.joined_by(self.rule))


def cors_finding(store: Store, prefix: str, preflight: Preflight) -> Finding:
    """Whether pages may send files; if not, with the rule that allows it."""
    target = shown_address(store.browser_origin)
    refusal = preflight.refusal
    rule = cors_rule([lasting_origin(preflight.origin)])
    if not refusal:
        what = f"{target} lets pages of {preflight.origin} send files"
        return Finding(check="cors", level="ok", what=what)
    if preflight.status >= _SERVER_ERROR:
        what = f"{target} is in trouble ({refusal}): try again later"
        return Finding(check="cors", level="problem", what=what)
    return Finding(
        check="cors",
        level="problem",
        what=f"{target} does not let pages of {preflight.origin} send files: asked as a browser "
        f"does, {refusal}",
        why="The browser then sends nothing, whatever the kernel's credentials may do.",
        **_advice_and_fix(store, prefix, "cors", rule, preflight.origin),
    )


def origin_unknown_finding(store: Store, prefix: str) -> Finding:
    """CORS was not tried: the page's origin is unknown."""
    return Finding(
        check="cors",
        level="hint",
        what="not tried: the address of your JupyterLab is unknown",
        why="A bucket admits pages of the origins that its CORS rules name, and no others.",
        advice="Give what the browser shows before the path:",
        fix=f'check_bucket("{store.destination(prefix)}", origin="https://hub.example.org")',
    )


def lifecycle_finding(store: Store, prefix: str) -> Finding:
    """Whether a rule removes unfinished uploads."""
    rules = store.config.rules("lifecycle")
    if not isinstance(rules, Unreadable):
        days = [_days(rule) for rule in rules.rules if _removes(rule, prefix)]
        if days:
            what = f"unfinished uploads are removed after {min(days)} days"
            return Finding(check="lifecycle", level="ok", what=what)
        what = "no rule removes unfinished uploads"
    else:
        what = f"whether a rule removes unfinished uploads cannot be read: {rules}"
    return Finding(
        check="lifecycle",
        level="hint",
        what=what,
        why="S3 keeps, and bills, the parts of unfinished uploads until somebody removes them.",
        **_advice_and_fix(store, prefix, "lifecycle", lifecycle_rule(prefix), ""),
    )


def remedies(report: Report, *, client: S3Client | None = None) -> tuple[Remedy | Unreadable, ...]:
    """The rules that a report's findings need; Unreadable where the existing ones cannot be read.

    Args:
        report: What was found.
        client: The boto3 client that the report was made with.
    """
    bucket, prefix = parse_target(report.uri)
    store = Store(bucket, client)
    cors = cors_rule([lasting_origin(report.origin)])
    wanted = {"cors": cors, "lifecycle": lifecycle_rule(prefix)}
    kinds: tuple[RuleKind, ...] = ("cors", "lifecycle")
    needed = {finding.check for finding in report if finding.level != "ok" and finding.fix}
    missing = needed if report.origin else needed - {"cors"}
    return tuple(_remedy(store, kind, wanted[kind]) for kind in kinds if kind in missing)


def as_json(rules: object) -> str:
    """Rules as they are shown; lifecycle rules may hold dates."""
    return json.dumps(rules, indent=2, default=lambda date: date.isoformat())


def _remedy(store: Store, kind: RuleKind, rule: Mapping[str, Any]) -> Remedy | Unreadable:
    before = store.config.rules(kind)
    if isinstance(before, Unreadable):
        return before
    fitting = rule if kind == "cors" else _fitting(rule, before.rules)
    return Remedy(rule=fitting, before=before, _store=store)


def _advice_and_fix(
    store: Store, prefix: str, kind: RuleKind, rule: Mapping[str, Any], origin: str
) -> dict[str, str]:
    """The arguments ``advice`` and ``fix`` of a finding."""
    remedy = _remedy(store, kind, rule)
    place, where = shlex.quote(store.destination(prefix)), endpoint_option(store)
    if isinstance(remedy, Unreadable) and remedy.unsupported:
        names = {"origin": origin, "bucket": store.bucket, "place": place, "where": where}
        return {"advice": _ELSEWHERE[kind].format(**names)}
    if isinstance(remedy, Unreadable):
        advice = (
            "The existing rules cannot be read from here, and putting one replaces them all: have "
            "the bucket's owner add this one to them:"
        )
        return {"advice": advice, "fix": as_json(rule)}
    if any(_holds(other, rule) for other in remedy.before.rules):
        advice = (
            "The bucket has the right rule already: S3 may take some minutes to apply it, or "
            "something between here and the bucket answers in its place."
        )
        return {"advice": advice}
    verb, option = _COMMANDS[kind]
    after = remedy.before.joined_by(remedy.rule)
    options = f"{f' --origin {origin}' if origin else ''}{where}"
    kept = len(remedy.before.rules)
    others = f" and keeps the {kept} other{'' if kept == 1 else 's'}" if kept else ""
    return {
        "advice": f"`s3upload check {place}{options} --fix` adds the missing rule{others}; "
        "so does:",
        "fix": f"aws s3api {verb} --bucket {store.bucket}{where} {option} "
        f"{shlex.quote(as_json(after.as_argument()))}",
    }


def _holds(other: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether ``other`` says what ``rule`` says; servers add defaults of their own."""
    return all(other.get(name) == value for name, value in rule.items())


def _removes(rule: Mapping[str, Any], prefix: str) -> bool:
    """Whether a lifecycle rule acts on every unfinished upload under ``prefix``."""
    chosen = rule.get("Filter", {})
    # Rules that choose by tags or sizes choose objects: an unfinished upload has neither.
    start = chosen.get("Prefix", "") if "Filter" in rule else rule.get("Prefix", "")
    return (
        rule.get("Status") == "Enabled"
        and _days(rule) > 0
        and not chosen.keys() - {"Prefix"}
        and prefix.startswith(start)
    )


def _days(rule: Mapping[str, Any]) -> int:
    return int(rule.get("AbortIncompleteMultipartUpload", {}).get("DaysAfterInitiation", 0))


def _fitting(rule: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A lifecycle rule with an ID of its own, in the form that the others have.

    Rules of the old form, with ``Prefix`` beside no ``Filter``, cannot be combined with those of the new.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
    """
    ids = {other.get("ID") for other in others}
    names = (f"{rule['ID']}{f'-{n}' if n else ''}" for n in range(len(ids) + 1))
    fitting = {**rule, "ID": next(name for name in names if name not in ids)}
    if any("Prefix" in other for other in others):
        fitting["Prefix"] = fitting.pop("Filter")["Prefix"]
    return fitting
