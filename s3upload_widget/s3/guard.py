"""Guards keys that have to be free: S3's own condition, and a look where a server has none.

Some servers refuse ``If-None-Match``, others take it and ignore it. Knows no file and no policy.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from s3upload_widget.errors import (
    AccessDeniedError,
    ClockSkewError,
    CredentialsError,
    ObjectExistsError,
    RefusedError,
    S3Error,
)
from s3upload_widget.s3.errors import Call
from s3upload_widget.s3.parameters import condition
from s3upload_widget.s3.records import NotAllowed, ObjectFound
from s3upload_widget.s3.refusals import CONDITION, names_condition, refuses_condition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from s3upload_widget.s3.calls import Calls
    from s3upload_widget.s3.clients import Clients, Purpose
    from s3upload_widget.s3.records import ObjectHead


class KeyGuard:
    """Keeps the objects of one bucket from being overwritten. Thread-safe.

    Args:
        bucket: Its name.
        calls: To the bucket.
        clients: Make the calls.
        look: Requests the headers of a key's object.
    """

    def __init__(
        self, bucket: str, calls: Calls, clients: Clients, look: Callable[[str], ObjectHead]
    ) -> None:
        self._bucket = bucket
        self._calls = calls
        self._clients = clients
        self._look = look
        self._lock = threading.Lock()
        self._tried = self._refused = False

    def make_object(
        self, verb: str, params: Mapping[str, Any], purpose: Purpose, *, seen_free: bool
    ) -> Mapping[str, Any]:
        """Call ``verb``, which makes an object, where its key has none.

        Args:
            verb: boto3's method.
            params: Its arguments.
            purpose: Of the request.
            seen_free: Whether the caller has just seen that the key is free.

        Raises:
            ObjectExistsError: It has one.
            AccessDeniedError: Nobody may look, and the server does not know the condition.
        """
        key = str(params["Key"])
        if not seen_free:
            self.check_free(key)
        refused = self._calls.refused
        if CONDITION not in refused.names:
            try:
                return self._calls.request(verb, purpose=purpose, **params, **condition(True))
            except S3Error as error:
                if self._clients.aws or not refuses_condition(error):
                    raise
        # The request that was refused may have taken minutes.
        if isinstance(self._checked(key), NotAllowed):
            raise self.unguarded(key)
        answer = self._calls.request(verb, purpose=purpose, **params)
        refused.learn(frozenset({CONDITION}))
        return answer

    def check_free(self, key: str) -> None:
        """Refuse a key that is seen to have an object; asks nothing on AWS, where S3 refuses it.

        To be called directly before an object is made: what appears between the two is lost on a
        server that ignores the condition.

        Raises:
            ObjectExistsError: There is one.
        """
        if not self._clients.aws:
            self._checked(key)

    def check_condition(self, key: str) -> None:
        """Refuse a key that nobody may look at where the server does not know the condition.

        Raises:
            AccessDeniedError: Nothing would guard an object that it may have.
            CredentialsError: That is why HEAD was denied.
        """
        with self._lock:
            if not (self._tried or self._clients.aws):
                self._refused = self._is_condition_refused(key)
                self._tried = True
        if self._refused:
            raise self.unguarded(key)

    def unguarded(self, key: str) -> AccessDeniedError:
        """Neither a look nor the server guards the key."""
        call = Call(operation="HeadObject", bucket=self._bucket, key=key)
        return AccessDeniedError(
            f"nobody can see whether {call.place} has an object, as S3 denies HeadObject there, and "
            "this server does not know the condition (If-None-Match) that keeps one from being "
            f"overwritten: allow {call.permission}, or give if_exists='overwrite'; a policy with "
            f"this statement allows it: {call.statement}"
        )

    def _checked(self, key: str) -> ObjectHead:
        head = self._look(key)
        if isinstance(head, ObjectFound):
            msg = (
                f"another object arrived as s3://{self._bucket}/{key} meanwhile: overwrite it, "
                "keep both, or skip this file"
            )
            raise ObjectExistsError(msg)
        return head

    def _is_condition_refused(self, key: str) -> bool:
        """Complete an upload that does not exist: nothing can come of it but the refusal."""
        parts = {"Parts": [{"PartNumber": 1, "ETag": f'"{"0" * 32}"'}]}
        try:
            self._calls.request(
                "complete_multipart_upload",
                Key=key,
                UploadId="-",
                MultipartUpload=parts,
                IfNoneMatch="*",
            )
        except (CredentialsError, ClockSkewError):
            raise  # a denied HEAD has no body to say so in
        except (S3Error, RefusedError) as error:
            return names_condition(error)
        return False
