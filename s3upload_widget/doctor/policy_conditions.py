"""Conditions of a bucket's policy that admit the kernel and may exclude the browser.

S3 sees each with its own network address, and a page's requests are signed in the URL.
"""

from __future__ import annotations

import json
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.doctor.report import Finding
from s3upload_widget.s3 import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from s3upload_widget.s3 import Store

_BROWSER: Final = "<the browser's address>"
_NETWORK: Final = "the browser has to send through that network"
_CONDITIONS: Final[tuple[tuple[str, str], ...]] = (
    (r"aws:sourceip", "the browser's own address has to be among them"),
    (r"aws:vpcsourceip", _NETWORK),
    (r"aws:sourcevpc|aws:sourcevpcarn|aws:sourcevpce|aws:vpce.*", _NETWORK),
    (r"s3:authtype", "a page's requests are signed in the URL (REST-QUERY-STRING)"),
    (r"s3:signatureage", "a page's URLs are used up to an hour after they were signed"),
    (r"aws:referer|aws:useragent", "a browser sends its own"),
)
"""Condition keys in lower case, and what they mean to a page.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""


def policy_finding(store: Store) -> Finding:
    """A hint where the policy has such conditions, or cannot be read."""
    statements = store.config.policy()
    if isinstance(statements, Unreadable):
        return Finding(
            check="policy",
            level="hint",
            what=f"the bucket's policy cannot be read: {statements}",
            why="It may admit the kernel and exclude the browser.",
        )
    found = list(_found(statements))
    if not found:
        what = "the bucket's policy has no condition that excludes a browser"
        return Finding(check="policy", level="ok", what=what)
    return Finding(
        check="policy",
        level="hint",
        what="; ".join(f"{_name(statement)} depends on {key}" for statement, _, key, _ in found),
        why="The kernel is admitted, but the browser may not be: "
        + "; ".join(dict.fromkeys(meaning for *_, meaning in found))
        + ".",
        advice="Conditions as they would have to be, for the bucket's policy:"
        if any(_is_address(key) for _, _, key, _ in found)
        else "Conditions in question:",
        fix=json.dumps([_wanted(*each) for each in found], indent=2),
    )


def _found(
    statements: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[Mapping[str, Any], str, str, str]]:
    """Statement, operator, condition key and what it means, for each that matters."""
    for statement in filter(_is_about_sending, statements):
        condition = statement.get("Condition")
        for operator, tests in (condition if isinstance(condition, dict) else {}).items():
            for key in tests if isinstance(tests, dict) else ():
                for pattern, meaning in _CONDITIONS:
                    if re.fullmatch(pattern, key.lower()):
                        yield statement, operator, key, meaning


def _is_about_sending(statement: Mapping[str, Any]) -> bool:
    if "NotAction" in statement:
        return not _matches(statement["NotAction"])
    return _matches(statement.get("Action", ()))


def _matches(actions: object) -> bool:
    listed = [actions] if isinstance(actions, str) else actions
    return isinstance(listed, (list, tuple)) and any(
        fnmatchcase("s3:putobject", str(action).lower()) for action in listed
    )


def _wanted(
    statement: Mapping[str, Any], operator: str, key: str, _meaning: str
) -> dict[str, object]:
    values = statement["Condition"][operator][key]
    listed = values if isinstance(values, list) else [values]
    named = {"Sid": statement["Sid"]} if "Sid" in statement else {}
    wanted = [*listed, _BROWSER] if _is_address(key) else listed
    return {**named, "Condition": {operator: {key: wanted}}}


def _is_address(key: str) -> bool:
    return key.lower() == "aws:sourceip"


def _name(statement: Mapping[str, Any]) -> str:
    sid = f" {statement['Sid']!r}" if "Sid" in statement else ""
    return f"the statement{sid} ({statement.get('Effect', '?')})"
