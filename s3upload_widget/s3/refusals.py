"""The headers and parts that a store does not take, learnt once for it. Makes no call.

Some servers refuse a request for a header that they do not know. Each header here makes a proof
stronger, and none is needed: a request goes again without it, and the next ones do from the start. Others have limits of parts that are narrower than S3's.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.parts import S3_LIMITS, Limits, MiB, PartPlan, plan_parts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA256: Final = "x-amz-checksum-sha256"
CONDITION: Final = "if-none-match"
_ALGORITHM: Final = "x-amz-sdk-checksum-algorithm"

_OPTIONAL: Final[Mapping[str, Mapping[str, str]]] = {
    "create_multipart_upload": {"ChecksumAlgorithm": "x-amz-checksum-algorithm"},
    "upload_part": {"ChecksumSHA256": SHA256},
    "put_object": {
        "ChecksumAlgorithm": _ALGORITHM,
        "ChecksumSHA256": SHA256,
    },
    "complete_multipart_upload": {"MpuObjectSize": "x-amz-mp-object-size"},
    "head_object": {"ChecksumMode": "x-amz-checksum-mode"},
}
"""By boto3's method: its parameters that may be left out, and their headers."""
_TRIALS: Final[Mapping[str, tuple[frozenset[str], ...]]] = {
    "upload_part": (frozenset({SHA256}),),
    "put_object": (
        frozenset({CONDITION}),
        frozenset({_ALGORITHM}),
        frozenset({_ALGORITHM, SHA256}),
        frozenset({CONDITION, _ALGORITHM}),
        frozenset({CONDITION, _ALGORITHM, SHA256}),
    ),
}
"""What a PUT of the page is tried without, one after the other."""
_CODES: Final = frozenset({"NotImplemented", "InvalidArgument", "InvalidRequest", "400", "501"})
_STATUSES: Final = frozenset({400, 501})
_MOST_OWN: Final = 1_000
_TOO_LARGE: Final = 413
_TOO_LARGE_CODES: Final = frozenset({"EntityTooLarge", "MaxMessageLengthExceeded"})
_BAD_REQUEST: Final = 400
_NUMBER: Final = re.compile(r"part[ _-]?number", re.IGNORECASE)
_DIGITS: Final = re.compile(r"\d+")


class RefusedHeaders:
    """What one store does not take. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names: frozenset[str] = frozenset()
        self._own: deque[str] = deque(maxlen=_MOST_OWN)

    @property
    def names(self) -> tuple[str, ...]:
        """The headers, sorted."""
        return tuple(sorted(self._names))

    def learn(self, names: frozenset[str]) -> None:
        """The store does not take these."""
        with self._lock:
            self._names |= names

    def own(self, upload_id: str) -> None:
        """An upload was created here, so it wants no checksum of another kind."""
        self._own.append(upload_id)

    def without(
        self, verb: str, params: Mapping[str, Any], more: frozenset[str] = frozenset()
    ) -> dict[str, Any]:
        """The parameters of a request, without headers that were refused; then with Content-MD5."""
        refused, optional = self._names | more, _OPTIONAL.get(verb, {})
        kept = {name: each for name, each in params.items() if optional.get(name) not in refused}
        if "ChecksumSHA256" in params and "ChecksumSHA256" not in kept:
            kept.pop("ChecksumAlgorithm", None)  # boto3 would compute another checksum for it
            if isinstance(kept.get("Body"), bytes):
                kept.setdefault("ContentMD5", _md5(kept["Body"]))
        return kept

    def suspects(
        self, verb: str, params: Mapping[str, Any], error: BaseException
    ) -> Iterator[frozenset[str]]:
        """The headers that a refusal may be for: those it names, or each, and then all."""
        sent = [header for name, header in _OPTIONAL.get(verb, {}).items() if name in params]
        named = frozenset(header for header in sent if header in _said(error))
        if _status(error) not in _STATUSES or not sent:
            return
        if named:
            yield named
        elif _code(error) in _CODES and not self._of_another(verb, params, error):
            yield from (frozenset({header}) for header in sent)
            if len(sent) > 1:
                yield frozenset(sent)

    def next_trial(
        self,
        verb: str,
        upload_id: str,
        error: BaseException,
        sent: frozenset[str],
        tried: set[frozenset[str]],
    ) -> frozenset[str]:
        """The headers that the next PUT of a page goes without, after one that was refused.

        Args:
            verb: ``upload_part`` or ``put_object``.
            upload_id: Of the part's upload.
            error: The refusal.
            sent: The names of the headers that were sent.
            tried: What a PUT was refused without so far; grows.
        """
        trials = _TRIALS[verb]
        optional = frozenset().union(*trials)
        missing = optional - sent
        tried.add(missing)
        named = frozenset(header for header in optional & sent if header in _said(error))
        if _status(error) not in _STATUSES or not (named or _code(error) in _CODES):
            return missing
        if not named and self._of_another(verb, {"UploadId": upload_id}, error):
            return missing
        wanted = missing | named if named else named
        return next((each for each in trials if each >= wanted and each not in tried), missing)

    def _of_another(self, verb: str, params: Mapping[str, Any], error: BaseException) -> bool:
        """Whether a part may be refused for the kind of checksum that another program chose."""
        foreign = params.get("UploadId") not in self._own
        return verb == "upload_part" and foreign and _code(error) == "InvalidRequest"


class PartLimits:
    """What one store takes, at most; S3's own limits until it refused a part. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._most_parts = S3_LIMITS.max_parts
        self._largest = self._fitting = S3_LIMITS.max_part_size

    @property
    def most_parts(self) -> int:
        """The highest part number."""
        return self._most_parts

    @property
    def refuses_numbers(self) -> bool:
        """Whether part numbers end before S3's."""
        return self._most_parts < S3_LIMITS.max_parts

    def learn(self, error: BaseException, part_number: int, size: int) -> bool:
        """Learn from a refused part of so many bytes; whether a limit was the reason."""
        # The message alone: an id or a key beside it may hold any number.
        status, said = _status(error), str(_answer(error).get("Error", {}).get("Message", ""))
        with self._lock:
            if status == _TOO_LARGE or _code(error) in _TOO_LARGE_CODES:
                self._largest = min(self._largest, size - 1)
                # The limit is somewhere below what was refused.
                self._fitting = min(self._fitting, self._largest // 2 // MiB * MiB)
                return True
            if status == _BAD_REQUEST and part_number > 1 and _NUMBER.search(said):
                named = [int(each) for each in _DIGITS.findall(said)]
                below = [each for each in named if 1 < each < part_number]
                self._most_parts = min(self._most_parts, max(below, default=part_number - 1))
                return True
        return False

    def keep(self, largest: int) -> None:
        """Parts of so many bytes were seen to pass, and larger ones not to."""
        with self._lock:
            self._largest = self._fitting = min(self._largest, largest)

    def obeyed(self, parts: PartPlan, limits: Limits = S3_LIMITS) -> PartPlan:
        """The parts of a file, cut so that this store takes them, as far as that is known.

        Raises:
            FileTooLargeError: No part size is both small and large enough.
        """
        wanted = parts.part_size
        if min(parts.size, wanted) > self._largest:
            wanted = max(limits.min_part_size, self._fitting)
        if wanted == parts.part_size and parts.count <= self._most_parts:
            return parts
        most = min(limits.max_parts, self._most_parts)
        return plan_parts(parts.size, wanted, limits=replace(limits, max_parts=most))


def refuses_condition(error: BaseException) -> bool:
    """Whether a refusal may be for ``If-None-Match``."""
    if _status(error) not in _STATUSES:
        return False
    return CONDITION in _said(error) or _code(error) in _CODES


def names_condition(error: BaseException) -> bool:
    """Whether a refusal is for ``If-None-Match``, for all that can be known."""
    named = _status(error) in _STATUSES and CONDITION in _said(error)
    return named or _code(error) == "NotImplemented"


def _answer(error: BaseException) -> Mapping[str, Any]:
    # botocore's errors of the network have a response too: None.
    return getattr(error.__cause__, "response", None) or {}


def _code(error: BaseException) -> str:
    return str(_answer(error).get("Error", {}).get("Code", ""))


def _said(error: BaseException) -> str:
    told = _answer(error).get("Error", {})
    return " ".join(map(str, told.values())).lower()  # also ArgumentName, and Header


def _status(error: BaseException) -> int:
    return int(_answer(error).get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _md5(body: bytes) -> str:
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
