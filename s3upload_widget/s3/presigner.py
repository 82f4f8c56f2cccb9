"""Presigned URLs, each for exactly one part: the page has to send the signed headers. Knows no file.

botocore takes a third of a millisecond for a URL, and the URLs of thousands of parts differ in a
few values. So botocore signs the first one of a kind, and a template made of it the others:
endpoint, region, headers and all else stay as botocore chose them. A template counts only once it
has signed that first request as botocore did, to the letter.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

_SIGNED_HEADERS: Final = re.compile(r"[?&]X-Amz-SignedHeaders=([^&]*)")
_BROWSERS_OWN: Final = frozenset({"host", "content-length"})
"""A page may not set these; the browser does."""
_IN_HEADERS: Final = {
    "content-length": "ContentLength",
    "content-md5": "ContentMD5",
    "x-amz-checksum-sha256": "ChecksumSHA256",
}
_IN_QUERY: Final = {"uploadId": "UploadId", "partNumber": "PartNumber"}
_VARYING: Final = frozenset({"Key", *_IN_HEADERS.values(), *_IN_QUERY.values()})
"""The arguments in which the requests of one template differ."""
_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_TEMPLATES: Final = 64
"""Kinds of requests that are remembered: each content type of whole files is one."""
_KEY_SAFE: Final = "/~"
_QUERY_SAFE: Final = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class PresignedUrl:
    """A secret: memory only."""

    url: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    """Every signed header but those the browser sets itself."""
    expires_in: float
    """Seconds."""


class Presigner:
    """Signs with one client. Thread-safe.

    Args:
        client: Made for signing.
        credentials: The client's own, as botocore renews them; None where it has none.
    """

    def __init__(self, client: S3Client, credentials: Any) -> None:
        self._client = client
        self._credentials = credentials
        self._signing = threading.local()
        self._templates: dict[str, _Template | None] = {}
        client.meta.events.register_last("before-sign.s3", self._remember)

    def presign(self, verb: str, params: Mapping[str, Any], expires_in: int) -> PresignedUrl:
        """Sign one request.

        Args:
            verb: boto3's method: ``upload_part``, ``put_object``.
            params: Its arguments.
            expires_in: Seconds, 1 to 604,800.
        """
        kind = _kind(verb, params)
        template = self._templates.get(kind)
        if template is not None:
            now = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ")
            keys = self._credentials.get_frozen_credentials()
            return template.presign(params, keys, expires_in, now)
        presigned = self._presign_as_botocore(verb, params, expires_in)
        if kind not in self._templates and self._credentials is not None:
            if len(self._templates) >= _TEMPLATES:
                self._templates = {}
            self._templates[kind] = self._template(presigned, params)
        return presigned

    def _presign_as_botocore(
        self, verb: str, params: Mapping[str, Any], expires_in: int
    ) -> PresignedUrl:
        url: str = self._client.generate_presigned_url(
            verb, Params=dict(params), ExpiresIn=expires_in
        )
        sent: Mapping[str, str | bytes] = self._signing.request.headers
        signed = _SIGNED_HEADERS.search(url)
        names = unquote(signed[1]).split(";") if signed else ()
        headers = {name: _text(sent[name]) for name in names if name not in _BROWSERS_OWN}
        return PresignedUrl(url=url, headers=headers, expires_in=expires_in)

    def _template(self, presigned: PresignedUrl, params: Mapping[str, Any]) -> _Template | None:
        """A template of this request; None for a signature of another kind, as of S3 Express."""
        query = {
            name: values[0] for name, values in parse_qs(urlsplit(presigned.url).query).items()
        }
        if query.get("X-Amz-Algorithm") != _ALGORITHM:
            return None
        template = _Template(presigned, query, params)
        keys = self._credentials.get_frozen_credentials()
        expires_in, then = int(query["X-Amz-Expires"]), query["X-Amz-Date"]
        same = template.presign(params, keys, expires_in, then) == presigned
        return template if same else None

    def _remember(self, request: Any, **_: object) -> None:
        self._signing.request = request


class _Template:
    """Signature Version 4 in the query string, for requests that differ in few values.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    """

    def __init__(
        self, presigned: PresignedUrl, query: Mapping[str, str], params: Mapping[str, Any]
    ) -> None:
        split = urlsplit(presigned.url)
        self._base = f"{split.scheme}://{split.netloc}"
        self._path = split.path.removesuffix(quote(params["Key"], safe=_KEY_SAFE))
        self._query = [name for name in query if not name.startswith("X-Amz-")]
        self._scope = query["X-Amz-Credential"].split("/", 2)[2]
        self._signed = query["X-Amz-SignedHeaders"].split(";")
        default = {"https": ":443", "http": ":80"}[split.scheme]
        self._fixed = {
            **{name: " ".join(value.split()) for name, value in presigned.headers.items()},
            "host": split.netloc.removesuffix(default),
        }
        self._sent = presigned.headers
        self._day = _Day("", "", "", b"")

    def presign(
        self, params: Mapping[str, Any], keys: Any, expires_in: int, now: str
    ) -> PresignedUrl:
        """Sign these arguments with frozen credentials at ``now``, ``YYYYMMDDThhmmssZ``."""
        scope = f"{now[:8]}/{self._scope}"
        day = self._day_of(keys, scope)
        path = self._path + _quoted(params["Key"], _KEY_SAFE)
        asked = [
            f"{name}={_quoted(str(params[_IN_QUERY[name]]), _QUERY_SAFE)}" for name in self._query
        ]
        asked += (
            f"X-Amz-Algorithm={_ALGORITHM}",
            f"X-Amz-Credential={day.credential}",
            f"X-Amz-Date={now}",
            f"X-Amz-Expires={expires_in}",
            f"X-Amz-SignedHeaders={'%3B'.join(self._signed)}",
        )
        if keys.token:
            asked.append(f"X-Amz-Security-Token={_quoted(keys.token, _QUERY_SAFE)}")
        varying = {name: str(params[of]) for name, of in _IN_HEADERS.items() if of in params}
        headers = self._fixed | varying
        lines = "".join([f"{name}:{headers[name]}\n" for name in self._signed])
        request = (
            f"PUT\n{path}\n{'&'.join(sorted(asked))}\n{lines}\n{';'.join(self._signed)}\n"
            "UNSIGNED-PAYLOAD"
        )
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = _hmac(day.key, f"{_ALGORITHM}\n{now}\n{scope}\n{digest}").hex()
        return PresignedUrl(
            url=f"{self._base}{path}?{'&'.join(asked)}&X-Amz-Signature={signature}",
            headers={name: varying.get(name, value) for name, value in self._sent.items()},
            expires_in=expires_in,
        )

    def _day_of(self, keys: Any, scope: str) -> _Day:
        day = self._day
        if (day.secret_key, day.scope) != (keys.secret_key, scope):
            key = f"AWS4{keys.secret_key}".encode()
            for step in scope.split("/"):
                key = _hmac(key, step)
            credential = quote(f"{keys.access_key}/{scope}", safe=_QUERY_SAFE)
            day = self._day = _Day(keys.secret_key, scope, credential, key)
        return day


@dataclass(frozen=True, slots=True)
class _Day:
    """The key that signs a day's requests, which takes five rounds of HMAC to make."""

    secret_key: str = field(repr=False)
    scope: str
    """``YYYYMMDD/region/service/aws4_request``."""
    credential: str = field(repr=False)
    key: bytes = field(repr=False)


def _kind(verb: str, params: Mapping[str, Any]) -> str:
    """What requests of one template have in common: the operation, and all that does not vary."""
    return repr(
        [verb, *((name, value) for name, value in params.items() if name not in _VARYING)]
        + [name for name in params if name in _VARYING]
    )


@lru_cache(maxsize=256)
def _quoted(text: str, safe: str) -> str:
    return quote(text, safe=safe)


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
