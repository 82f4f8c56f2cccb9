"""Calls to S3, each with the right client, ``extra_args``, live credentials and our errors.

Knows no operation by itself: the store names them.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final, TypeVar

from s3upload_widget.errors import CredentialsError, RefusedError, S3Error
from s3upload_widget.redaction import scrub
from s3upload_widget.s3.errors import Call, safe_cause, translated
from s3upload_widget.s3.presigner import PresignedUrl, Presigner
from s3upload_widget.s3.refusals import RefusedHeaders

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from botocore.response import StreamingBody
    from types_boto3_s3 import S3Client

    from s3upload_widget.s3.clients import Clients, Purpose

T = TypeVar("T")

logger = logging.getLogger("s3upload_widget")

URL_LIFETIME: Final = 3_600
"""Seconds that a URL is valid, unless the credentials end sooner."""
BLOCK: Final = 1 << 20
"""Bytes of a body that are read at a time."""
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
        self._presigners: dict[int, Presigner] = {}
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
                answer: dict[str, Any] = getattr(client, verb)(**arguments)
                return answer

        return self._without_refused(verb, params, call)

    def stream(self, verb: str, **params: Any) -> tuple[dict[str, Any], Iterator[bytes]]:
        """Call ``verb``; its answer, and the body of that block by block."""
        answer = self.request(verb, **params)
        return answer, self._blocks(self._call(verb, params), answer["Body"])

    def _blocks(self, call: Call, body: StreamingBody) -> Iterator[bytes]:
        with self._translating(call), contextlib.closing(body):
            yield from body.iter_chunks(BLOCK)

    def presign(self, verb: str, params: Mapping[str, Any]) -> PresignedUrl:
        """Sign ``verb`` for the page. Makes no request, unless credentials have to be renewed.

        Raises:
            CredentialsError: There are none, or they cannot be renewed.
        """
        with self._translating(self._call(verb, params)):
            client = self._clients.get("sign")
            expires_in = self._renew_credentials()
            arguments = self._arguments(client, verb, self.refused.without(verb, params))
            return self._presigner(client).presign(verb, arguments, expires_in)

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

    def _presigner(self, client: S3Client) -> Presigner:
        with self._lock:
            if id(client) not in self._presigners:
                self._presigners = {id(client): Presigner(client)}
            return self._presigners[id(client)]

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


def _operation(verb: str) -> str:
    return verb.title().replace("_", "")


def _is_botocores(error: Exception) -> bool:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return isinstance(error, (BotoCoreError, ClientError))
