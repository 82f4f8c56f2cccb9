"""Keys that a server cannot keep, as it keeps keys as files in folders: below a file, or a folder's.

Such servers answer 500, which reads as trouble that will pass, or 412, as if there were an object.
Looks, and changes nothing.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import KeyRefusedError, S3Error, S3UnavailableError
from s3upload_widget.s3.errors import refusal_code
from s3upload_widget.s3.records import ObjectFound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from s3upload_widget.s3.calls import Calls
    from s3upload_widget.s3.clients import Clients
    from s3upload_widget.s3.records import ObjectHead

_INTERNAL: Final = frozenset({"InternalError", "500"})


class Folders:
    """Finds out why a server answers 500 to a key. Thread-safe.

    Args:
        bucket: Its name.
        calls: To the bucket.
        clients: Make the calls; AWS has no folders.
        look: Requests the headers of a key's object.
    """

    def __init__(
        self, bucket: str, calls: Calls, clients: Clients, look: Callable[[str], ObjectHead]
    ) -> None:
        self._bucket = bucket
        self._calls = calls
        self._clients = clients
        self._look = look

    @contextlib.contextmanager
    def explaining(self, key: str) -> Iterator[None]:
        """Look at the folders of ``key`` where the server answers 500.

        Raises:
            KeyRefusedError: They are the reason, so that another try is no use.
        """
        try:
            yield
        except S3UnavailableError as error:
            if refusal_code(error) in _INTERNAL:
                self.check(key)
            raise

    def check(self, key: str) -> None:
        """Refuse a key that a server of folders cannot keep; for a server that failed with it.

        Raises:
            KeyRefusedError: A folder of the key is an object, or the key is a folder.
        """
        if self._clients.aws:
            return
        with contextlib.suppress(S3Error):
            steps = key.split("/")
            for depth in range(1, len(steps)):
                above = "/".join(steps[:depth])
                if above and isinstance(self._look(above), ObjectFound):
                    self._refuse(key, f"s3://{self._bucket}/{above} is an object")
            if self._calls.request("list_objects_v2", Prefix=f"{key}/", MaxKeys=1).get("Contents"):
                self._refuse(key, f"s3://{self._bucket}/{key}/ is a folder")

    def _refuse(self, key: str, reason: str) -> None:
        msg = (
            f"the server fails with s3://{self._bucket}/{key}, most likely as {reason}, and it "
            "keeps keys as files in folders: take another key"
        )
        raise KeyRefusedError(msg)
