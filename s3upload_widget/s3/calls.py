"""Calls to S3, each with the right client, ``extra_args``, live credentials and our errors.

Knows no operation by itself: the store names them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from s3upload_widget.errors import CredentialsError, RefusedError, S3Error
from s3upload_widget.redaction import scrub
from s3upload_widget.s3.errors import Call, safe_cause, translated
from s3upload_widget.s3.presigner import PresignedUrl, Presigner
from s3upload_widget.s3.records import PutAnswer
from s3upload_widget.s3.refusals import RefusedHeaders
from s3upload_widget.s3.retry import backoff
from s3upload_widget.s3.strangers import tidy
from s3upload_widget.signed_put import UNSIGNED, PutAnswered, RemoteBody, SignedPut

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterable, Iterator, Mapping

    from botocore.awsrequest import AWSResponse
    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

    from s3upload_widget.s3.bucket_names import Address
    from s3upload_widget.s3.clients import Clients, Purpose

T = TypeVar("T")
Blocks: TypeAlias = "Generator[bytes, None, None]"

logger = logging.getLogger("s3upload_widget")

URL_LIFETIME: Final = 3_600
"""Seconds that a URL is valid, unless the credentials end sooner."""
LIFETIMES: Final = (120, 900, URL_LIFETIME)
"""Seconds that a URL is valid for a process elsewhere, at the first, second and last try."""
SKEW: Final = 900
"""Seconds that a URL is valid which is used at once: clocks that differ by less are fine with S3."""
BLOCK: Final = 1 << 20
"""Bytes of a body that are read at a time."""
_FAULT: Final = 500
"""The first status that says that the server failed."""
_REDIRECTS: Final = frozenset({301, 307, 308})
_REGION: Final = b"<Region>"
_AGENT: Final = "s3upload_widget"
_DOCUMENT: Final = 16_384
"""Characters of a refusal that are kept."""
_OK: Final = 300
"""The first status that is no success."""
_MAKING: Final = frozenset({"create_multipart_upload", "put_object"})
"""The methods that know every extra argument."""


class Calls:
    """Calls on one bucket, with its user's ``extra_args``. Thread-safe."""

    def __init__(self, bucket: str, clients: Clients, extra_args: Mapping[str, Any]) -> None:
        self._bucket = bucket
        self._clients = clients
        self._extra_args = extra_args
        self.refused: Final = RefusedHeaders()
        self._members: dict[str, frozenset[str]] = {}
        self._presigners: dict[tuple[Purpose, Address | None], tuple[S3Client, Presigner]] = {}
        self._lock = threading.Lock()

    def request(self, verb: str, *, purpose: Purpose = "query", **params: Any) -> dict[str, Any]:
        """Call ``verb``, a method of boto3 such as ``list_parts``.

        Headers that the store does not take are left out; see :class:`RefusedHeaders`.

        Raises:
            S3Error: S3 refused, or cannot be asked; see :mod:`s3upload_widget.s3.errors`.
        """

        def call(taken: Mapping[str, Any]) -> dict[str, Any]:
            with self._translating(self._call(verb, params)):
                client = self._clients.get(purpose)
                self._renew_credentials()
                arguments = self._arguments(client, verb, taken)
                if "Body" in arguments:
                    return self._send(client, verb, arguments, arguments.pop("Body"))
                answer: dict[str, Any] = getattr(client, verb)(**arguments)
                return answer

        return self._without_refused(verb, params, call)

    def _send(
        self, client: S3Client, verb: str, arguments: Mapping[str, Any], body: bytes | RemoteBody
    ) -> dict[str, Any]:
        if isinstance(body, RemoteBody):
            return self._send_elsewhere(client, verb, arguments, body)
        return self._send_here(client, verb, arguments, body)

    def _send_elsewhere(
        self, client: S3Client, verb: str, arguments: Mapping[str, Any], body: RemoteBody
    ) -> dict[str, Any]:
        """Have a body sent by the process that holds it, with a URL that is short-lived.

        Where calls wait long in a queue before they run, the next URL lives longer.
        """
        verify = self._clients.verify
        presigner = self._presigner(client, ("send", None))
        for lifetime in LIFETIMES:
            expires_in = min(lifetime, self._renew_credentials())
            presigned = presigner.presign(verb, arguments, expires_in)
            headers = tuple(presigned.headers.items())
            answer = body.send(SignedPut(presigned.url, headers, verify is None or verify))
            if not answer.expired:
                break
        return _parsed(client, verb, answer)

    def _send_here(
        self, client: S3Client, verb: str, arguments: Mapping[str, Any], body: bytes
    ) -> dict[str, Any]:
        """Send a body with a URL that is signed as any other: botocore takes twice as long for it.

        Where the answer names another region, botocore follows.
        """
        from botocore.exceptions import ConnectionClosedError  # noqa: PLC0415

        expires_in = min(SKEW, self._renew_credentials())
        presigned = self._presigner(client, ("send", None)).presign(verb, arguments, expires_in)
        try:
            answer = _sent(client, presigned, body, len(body))
        except ConnectionClosedError:  # perhaps it was idle too long: a new one
            answer = _sent(client, presigned, body, len(body))
        else:
            if answer.status_code >= _FAULT:  # as botocore does: twice before somebody asks why
                time.sleep(backoff(1))
                answer = _sent(client, presigned, body, len(body))
        if answer.status_code in _REDIRECTS or _REGION in answer.content:
            followed: dict[str, Any] = getattr(client, verb)(**arguments, Body=body)
            return followed
        told = PutAnswered(
            status=answer.status_code, headers=dict(answer.headers), document=answer.content
        )
        return _parsed(client, verb, told)

    def stream(self, verb: str, **params: Any) -> tuple[dict[str, Any], Blocks]:
        """Call ``verb``; its answer, and the body of that block by block."""
        answer = self.request(verb, **params)
        return answer, self._blocks(self._call(verb, params), answer["Body"])

    def _blocks(self, call: Call, body: StreamingBody) -> Blocks:
        with self._translating(call), contextlib.closing(body):
            yield from body.iter_chunks(BLOCK)

    def presign(
        self,
        verb: str,
        params: Mapping[str, Any],
        purpose: Purpose = "sign",
        without: frozenset[str] = frozenset(),
        address: Address | None = None,
    ) -> PresignedUrl:
        """Sign ``verb``, for the page unless ``purpose`` is to send from here.

        Headers that the store does not take are left out.

        Makes no request, unless credentials have to be renewed.

        Args:
            verb: A method of boto3 such as ``upload_part``.
            params: Its arguments.
            purpose: Of the request.
            without: Names of headers that are left out, too.
            address: Where it is sent to; None is the first one of the purpose.

        Raises:
            CredentialsError: There are none, or they cannot be renewed.
        """
        with self._translating(self._call(verb, params)):
            client = self._clients.get(purpose, address)
            expires_in = self._renew_credentials()
            arguments = self._arguments(client, verb, self.refused.without(verb, params, without))
            presigner = self._presigner(client, (purpose, address))
            return presigner.presign(verb, arguments, expires_in)

    def put(self, presigned: PresignedUrl, body: Iterable[memoryview], size: int) -> PutAnswer:
        """Send a part that was signed to be sent from here; a refusal is an answer.

        Raises:
            S3Error: There was no answer, or ``body`` raised.
        """
        with self._translating(Call(operation="PutObject", bucket=self._bucket)):
            return _put(self._clients.get("send"), presigned, body, size)

    def head(
        self, verb: str, statuses: Container[int], **params: Any
    ) -> tuple[int, Mapping[str, Any]]:
        """Call ``verb``, a HEAD; refusals with one of ``statuses`` are answers.

        Returns:
            The HTTP status, and boto3's dict.
        """
        from botocore.exceptions import ClientError  # noqa: PLC0415 - loading takes a while

        def call(taken: Mapping[str, Any]) -> Mapping[str, Any]:
            with self._translating(self._call(verb, params)):
                client = self._clients.get("query")
                self._renew_credentials()
                answer: Mapping[str, Any]
                try:
                    answer = getattr(client, verb)(**self._arguments(client, verb, taken))
                except ClientError as error:
                    answer = error.response
                    if answer["ResponseMetadata"]["HTTPStatusCode"] not in statuses:
                        raise
                return answer

        answer = self._without_refused(verb, params, call)
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer

    def _without_refused(
        self, verb: str, params: Mapping[str, Any], call: Callable[[Mapping[str, Any]], T]
    ) -> T:
        """Call with these parameters; where that is refused, without headers that may be why."""
        taken = self.refused.without(verb, params)
        on_aws = self._clients.aws  # asked later, this would make a client of ended credentials
        try:
            return call(taken)
        except S3Error as error:
            if on_aws:  # it takes them all
                raise
            for suspects in self.refused.suspects(verb, taken, error):
                with contextlib.suppress(S3Error):
                    answer = call(self.refused.without(verb, params, suspects))
                    self.refused.learn(suspects)
                    logger.info("this store does not take %s", ", ".join(sorted(suspects)))
                    return answer
            raise

    def _arguments(self, client: S3Client, verb: str, params: Mapping[str, Any]) -> dict[str, Any]:
        operation = _operation(verb)
        if operation not in self._members:
            shape = client.meta.service_model.operation_model(operation).input_shape
            self._members[operation] = frozenset(shape.members if shape else ())
        known = self._members[operation]
        extra = {name: value for name, value in self._extra_args.items() if name in known}
        if verb in _MAKING and len(extra) < len(self._extra_args):
            msg = f"this boto3 is too old for extra_args {sorted(self._extra_args.keys() - known)}"
            raise RefusedError(msg)
        return {"Bucket": self._bucket, **params, **extra}

    def _presigner(self, client: S3Client, wanted: tuple[Purpose, Address | None]) -> Presigner:
        with self._lock:
            known, presigner = self._presigners.get(wanted, (None, None))
            if presigner is None or known is not client:
                presigner = Presigner(client, self._clients.credentials())
                self._presigners[wanted] = client, presigner
            return presigner

    def _call(self, verb: str, params: Mapping[str, Any]) -> Call:
        return Call(
            operation=_operation(verb),
            bucket=self._bucket,
            key=params.get("Key") or params.get("Prefix", ""),
            upload_id=params.get("UploadId", ""),
        )

    def _renew_credentials(self) -> int:
        """Renew expiring credentials; seconds that a URL signed now is valid."""
        credentials = self._clients.credentials()
        if credentials is None:
            return URL_LIFETIME  # botocore says that there are none
        try:
            credentials.get_frozen_credentials()
        except Exception as error:  # a user's own refresh function may raise anything
            if _is_botocores(error):
                raise
            msg = (
                f"the AWS credentials could not be renewed ({type(error).__name__}: "
                f"{scrub(str(error))}): log in again in the kernel, then resume"
            )
            raise CredentialsError(msg) from None
        end = getattr(credentials, "_expiry_time", None)
        if not isinstance(end, datetime):
            return URL_LIFETIME
        left = (end - datetime.now(timezone.utc)).total_seconds()
        return max(1, min(URL_LIFETIME, int(left)))

    @contextlib.contextmanager
    def _translating(self, call: Call) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415
        from botocore.parsers import ResponseParserError  # noqa: PLC0415

        try:
            yield
        except (BotoCoreError, ClientError, ResponseParserError) as error:
            ours = translated(error, call)
            if isinstance(ours, CredentialsError):
                self._clients.reset()  # the next call finds renewed ones
            raise ours from safe_cause(error, call)
        except RecursionError:  # botocore answers a redirect of HeadBucket with another HeadBucket
            msg = (
                f"the server that answers for {call.place} is no S3 server: it redirects in "
                "circles, or to a login page; check the client's endpoint_url"
            )
            raise S3Error(msg) from None


def _put(
    client: S3Client, presigned: PresignedUrl, body: Iterable[memoryview], size: int
) -> PutAnswer:
    """Send a part as a page would."""
    answer = _sent(client, presigned, body, size)
    document = "" if answer.status_code < _OK else answer.text[:_DOCUMENT]
    return PutAnswer(answer.status_code, answer.headers.get("ETag", ""), document)


def _sent(
    client: S3Client, presigned: PresignedUrl, body: bytes | Iterable[memoryview], size: int
) -> AWSResponse:
    """Send what was signed, by the proxies and certificates of ``client``."""
    from botocore.awsrequest import AWSPreparedRequest, HeadersDict  # noqa: PLC0415

    logging.getLogger("urllib3.connectionpool").addFilter(UNSIGNED)
    # botocore's types know no body but a file; urllib3 sends what can be iterated, too.
    request: Any = AWSPreparedRequest
    session: Any = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001
    own = {"Content-Length": str(size), "User-Agent": _AGENT}
    headers = HeadersDict({**presigned.headers, **own})
    answer: AWSResponse = session.send(
        request("PUT", presigned.url, headers, body, stream_output=False)
    )
    return answer


def _parsed(client: S3Client, verb: str, answer: PutAnswered) -> dict[str, Any]:
    """An answer that another process got, as boto3 would return it.

    Raises:
        ClientError: It is a refusal.
    """
    from botocore.awsrequest import HeadersDict  # noqa: PLC0415
    from botocore.exceptions import ClientError  # noqa: PLC0415
    from botocore.parsers import create_parser  # noqa: PLC0415

    operation = _operation(verb)
    model = client.meta.service_model.operation_model(operation)
    shape: Any = model.output_shape
    headers: Any = HeadersDict(answer.headers)
    response = {"status_code": answer.status, "headers": headers, "body": answer.document}
    tidy(response, model)
    parsed: Any = create_parser("rest-xml").parse(response, shape)
    if answer.status >= _OK:
        raise ClientError(parsed, operation)
    result: dict[str, Any] = parsed
    return result


def _operation(verb: str) -> str:
    return verb.title().replace("_", "")


def _is_botocores(error: Exception) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return isinstance(error, (BotoCoreError, ClientError))
