"""S3's operations on one bucket, with our errors. Knows no file, no policy and no message."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import (
    AccessDeniedError,
    NoSuchBucketError,
    NoSuchUploadError,
    S3Error,
    S3UnavailableError,
)
from s3upload_widget.s3.bucket_config import BucketConfig
from s3upload_widget.s3.bucket_names import check_bucket_name, check_endpoint_urls
from s3upload_widget.s3.calls import Calls
from s3upload_widget.s3.clients import Clients, connect
from s3upload_widget.s3.download import Download
from s3upload_widget.s3.errors import UNKNOWN_OPERATION, is_no_s3, refusal_code
from s3upload_widget.s3.extra_args import checked_extra_args, of_objects
from s3upload_widget.s3.folders import Folders
from s3upload_widget.s3.guard import KeyGuard
from s3upload_widget.s3.listing import (
    KEYS_A_PAGE,
    list_free_keys,
    list_object_parts,
    list_objects,
    list_parts,
    list_uploads,
)
from s3upload_widget.s3.parameters import condition, given, of_object, of_part, of_parts
from s3upload_widget.s3.records import (
    CompletedPart,
    ListedPart,
    ListedUpload,
    MultipartUpload,
    NoObject,
    NotAllowed,
    ObjectFound,
    ObjectHead,
    ObjectMade,
    PutAnswer,
)
from s3upload_widget.s3.refusals import SHA256, PartLimits, RefusedHeaders
from s3upload_widget.s3.retry import backoff

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from types_boto3_s3 import S3Client

    from s3upload_widget.s3.bucket_names import Address
    from s3upload_widget.s3.clients import Purpose
    from s3upload_widget.s3.presigner import PresignedUrl
    from s3upload_widget.signed_put import RemoteBody

__all__ = ["Store", "connect"]

_REGION: Final = "x-amz-bucket-region"
ABORT_ATTEMPTS: Final = 5
LOOKS: Final = 6
"""About 8 s."""


class Store:
    """One bucket, as the kernel and the page reach it. Methods are named after S3's operations.

    Thread-safe. Creating one loads nothing and makes no request.

    Args:
        bucket: Its name, or an access point's ARN.
        client: Any boto3 S3 client; left out, boto3's default one.
        browser_endpoint_url: The endpoint for the page, where that differs; or several of them.
        extra_args: boto3's own names, passed to every operation that knows them.
        looks: Times that an object is looked for which S3 said it has made, with growing pauses:
            some servers show it seconds later.

    Raises:
        UnsupportedBucketError: No page can send to this kind of bucket.
        RefusedError: The bucket's name, the URL or ``extra_args`` are not valid.
    """

    def __init__(
        self,
        bucket: str,
        client: S3Client | None = None,
        *,
        browser_endpoint_url: str | Sequence[str] | None = None,
        extra_args: Mapping[str, Any] | None = None,
        looks: int = LOOKS,
    ) -> None:
        self.looks: Final = looks
        self.bucket: Final = check_bucket_name(bucket)
        self._extra_args = checked_extra_args({} if extra_args is None else extra_args)
        self.browser_endpoints: Final = check_endpoint_urls(browser_endpoint_url)
        self._clients = Clients(bucket, client, self.browser_endpoints)
        self._calls = Calls(bucket, self._clients, self._extra_args)
        self.config: Final = BucketConfig(self._calls, self._clients, self._extra_args)
        self.guard: Final = KeyGuard(bucket, self._calls, self._clients, self.head_object)
        self.folders: Final = Folders(bucket, self._calls, self._clients, self.head_object)
        self._named: tuple[tuple[Address, ...], dict[str, Address]] = ((), {})
        self._lock = threading.Lock()
        self._bucket_found = False
        self._lists_parts = False
        self.part_limits: Final = PartLimits()

    @property
    def identity(self) -> str:
        """Endpoint and bucket: equal for two stores that hold the same objects."""
        return f"{self._clients.endpoint.rstrip('/')}/{self.bucket}"

    @property
    def endpoint_url(self) -> str:
        """The server's address, for code that users run; ``""`` where that is AWS."""
        return "" if self.on_aws else _without_user(self._clients.endpoint)

    @property
    def on_aws(self) -> bool:
        """Whether this is AWS's own S3."""
        return self._clients.aws

    @property
    def refused_headers(self) -> tuple[str, ...]:
        """The headers that the store was seen not to take, sorted."""
        return self._calls.refused.names

    @property
    def lists_parts(self) -> bool:
        """Whether the server has listed the parts of an upload."""
        return self._lists_parts

    @property
    def verify(self) -> bool | str | None:
        """The certificates that the user's client trusts, as botocore's ``verify``."""
        return self._clients.verify

    @property
    def browser_origin(self) -> str:
        """``scheme://host[:port]`` that the page sends parts to."""
        return _origin(self.object_url("x"))

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that the page may send parts to; the first is :attr:`browser_origin`."""
        return tuple(self._by_origin())

    def _by_origin(self) -> dict[str, Address]:
        addresses = self._clients.addresses
        if addresses != self._named[0]:
            by_origin: dict[str, Address] = {}
            for address in addresses:
                url = self._calls.presign("put_object", {"Key": "x"}, address=address).url
                by_origin.setdefault(_origin(url), address)
            self._named = addresses, by_origin
        return self._named[1]

    @property
    def object_args(self) -> list[str]:
        """The names in ``extra_args`` that only a new object, or upload, gets."""
        return of_objects(self._extra_args)

    @property
    def one_address(self) -> bool:
        """Whether the page is given no other endpoint than the kernel's."""
        return self._clients.one_address

    def content_type(self, wanted: str) -> str:
        """The Content-Type an object gets: that of ``extra_args``, else ``wanted``."""
        return str(self._extra_args.get("ContentType", wanted))

    def destination(self, prefix: str) -> str:
        """``s3://bucket/prefix``, for people."""
        return f"s3://{self.bucket}/{prefix}"

    def object_url(self, key: str) -> str:
        """The address that the page sends ``key`` to, unsigned: it opens nothing."""
        return self._calls.presign("put_object", {"Key": key}).url.partition("?")[0]

    def require_bucket(self) -> None:
        """Check that the bucket exists, until it was found once; on AWS move to its region.

        A denied HEAD is fine: a role that may only upload has none.

        Raises:
            NoSuchBucketError: It does not exist.
            S3Error: No S3 server answers.
        """
        self._clients.refresh()
        with self._lock:
            if not self._bucket_found:
                headers = self._bucket_headers()
                if self.on_aws:  # the header is there even where HEAD was denied
                    self._clients.move_to(headers.get(_REGION, ""))
                elif not any(name.startswith("x-amz-") for name in headers):
                    self._require_s3()
                self._bucket_found = True

    def _bucket_headers(self) -> Mapping[str, str]:
        # Elsewhere botocore follows a redirect that names a region.
        redirects = {301, 307} if self.on_aws else set()
        try:
            _, answer = self._calls.head("head_bucket", redirects | {403})
        except NoSuchBucketError:
            self._require_s3()
            raise
        headers: Mapping[str, str] = answer["ResponseMetadata"]["HTTPHeaders"]
        return headers

    def _require_s3(self) -> None:
        """Ask for a document: any of S3's will do. A HEAD has none, so a web server may answer it."""
        try:
            self._calls.request("get_bucket_location")
        except S3Error as error:
            if is_no_s3(error):
                raise S3Error(str(error)) from error

    @property
    def refusals(self) -> RefusedHeaders:
        """What the store does not take, as far as is known."""
        return self._calls.refused

    def refresh_credentials(self) -> None:
        """Use the credentials that the kernel's environment has by now.

        For when the page was refused: the kernel does not learn that its credentials have expired.
        """
        self._clients.refresh()

    def create_multipart_upload(self, key: str, *, content_type: str) -> MultipartUpload:
        """Create an upload whose parts carry SHA-256; ``content_type`` as in presign_put_object."""
        params: dict[str, Any] = {"Key": key, **given(ContentType=content_type)}
        answer = self._calls.request(
            "create_multipart_upload", ChecksumAlgorithm="SHA256", **params
        )
        upload_id = str(answer.get("UploadId", ""))
        if not upload_id:
            msg = f"the server took an upload of {self.destination(key)}, and gave no id for it"
            raise S3Error(msg)
        self._calls.refused.own(upload_id)
        sha256 = answer.get("ChecksumAlgorithm") == "SHA256" and SHA256 not in self.refused_headers
        return MultipartUpload(upload_id=upload_id, sha256=sha256)

    def put(self, presigned: PresignedUrl, body: Iterable[memoryview], size: int) -> PutAnswer:
        """Send a part, signed for ``purpose="send"``, piece by piece; a refusal is an answer.

        Raises:
            S3Error: There was no answer, or ``body`` raised.
        """
        return self._calls.put(presigned, body, size)

    def presign_upload_part(
        self,
        key: str,
        upload_id: str,
        part_number: int,
        *,
        size: int,
        sha256: str,
        md5: str = "",
        purpose: Purpose = "sign",
        without: frozenset[str] = frozenset(),
        origin: str = "",
    ) -> PresignedUrl:
        """Sign a URL that carries exactly this part.

        Args:
            key: Of the object.
            upload_id: Of an open upload.
            part_number: From 1.
            size: Bytes.
            sha256: Base64.
            md5: Base64; ``""`` signs none.
            purpose: ``sign`` for the page, ``send`` for :meth:`put`, ``query`` to ask from here.
            without: Names of headers that the store may not take.
            origin: One of :attr:`origins`, for the page; any other text is the first of them.
        """
        params = of_part(key, upload_id, part_number, size=size, sha256=sha256, md5=md5)
        address = self._address(origin)
        return self._calls.presign("upload_part", params, purpose, without, address)

    def upload_part(
        self,
        key: str,
        upload_id: str,
        part_number: int,
        body: bytes | RemoteBody,
        *,
        sha256: str,
        md5: str = "",
    ) -> None:
        """Send a part from here, or from where its body is; the arguments are those of ``presign_upload_part``.

        Raises:
            NoSuchUploadError: The upload is gone.
            IntegrityError: Other bytes arrived than were sent.
        """
        params = of_part(key, upload_id, part_number, size=len(body), sha256=sha256, md5=md5)
        with self.folders.explaining(key), self._learning_limits(part_number, len(body)):
            self._calls.request("upload_part", purpose="send", Body=body, **params)

    def presign_put_object(
        self,
        key: str,
        *,
        size: int,
        sha256: str,
        md5: str = "",
        content_type: str = "",
        must_not_exist: bool = False,
        purpose: Purpose = "sign",
        without: frozenset[str] = frozenset(),
        origin: str = "",
    ) -> PresignedUrl:
        """Sign a URL that carries exactly this object in one PUT.

        Args:
            key: The object's key.
            size: Bytes.
            sha256: Base64.
            md5: Base64; ``""`` signs none.
            content_type: A MIME type; ``""`` leaves it to S3. ``extra_args`` win.
            must_not_exist: Make S3 answer 412 where ``key`` has an object.
            purpose: As in :meth:`presign_upload_part`.
            without: As there.
            origin: As there.
        """
        params = of_object(key, size=size, sha256=sha256, md5=md5, content_type=content_type)
        params |= condition(must_not_exist)
        address = self._address(origin)
        return self._calls.presign("put_object", params, purpose, without, address)

    def _address(self, origin: str) -> Address | None:
        return self._by_origin().get(origin) if origin else None

    def put_object(
        self,
        key: str,
        body: bytes | RemoteBody,
        *,
        sha256: str,
        md5: str = "",
        content_type: str = "",
        must_not_exist: bool = False,
        seen_free: bool = False,
    ) -> ObjectMade:
        """Send an object from here; the arguments are those of ``presign_put_object``.

        With ``seen_free`` a list has just shown that the key has no object.

        Raises:
            ObjectExistsError: ``must_not_exist``, and there is one, perhaps this very one.
            IntegrityError: Other bytes arrived than were sent.
        """
        params = of_object(key, size=len(body), sha256=sha256, md5=md5, content_type=content_type)
        params["Body"] = body
        answer = self._make_object(
            "put_object", params, "send", must_not_exist, seen_free=seen_free
        )
        # A SHA-256 there is the one that was sent, and says nothing.
        return replace(ObjectMade.of(answer, on_aws=self.on_aws), sha256="")

    @contextlib.contextmanager
    def _learning_limits(self, part_number: int, size: int) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            self.part_limits.learn(error, part_number, size)
            raise

    def list_parts(self, key: str, upload_id: str) -> tuple[ListedPart, ...]:
        """Every part that S3 holds, by number.

        Some servers list a part twice: the newest is returned, or all that are equally new.

        Raises:
            NoSuchUploadError: The upload is gone.
        """
        parts = list_parts(self._calls, key, upload_id, self.destination(key))
        self._lists_parts = True
        return parts

    def list_multipart_uploads(
        self, prefix: str = "", *, key: str | None = None
    ) -> Iterator[ListedUpload]:
        """Every unfinished upload, each once, in no order.

        Args:
            prefix: Of their keys.
            key: If given, exactly this key's alone.

        Raises:
            AccessDeniedError: s3:ListBucketMultipartUploads is missing.
            S3Error: The server does not list them, or lists them in circles.
        """
        wanted = prefix if key is None else key
        for found in list_uploads(self._calls, wanted, self.destination(wanted)):
            if key in {None, found.key}:
                yield found

    def complete_multipart_upload(
        self,
        key: str,
        upload_id: str,
        parts: Sequence[CompletedPart],
        *,
        size: int,
        must_not_exist: bool = False,
    ) -> ObjectMade:
        """Make the object of its parts: S3 checks the size and each checksum it is given.

        Args:
            key: Of the object.
            upload_id: Of the upload.
            parts: All, in order.
            size: Bytes of the whole.
            must_not_exist: Refuse where ``key`` has an object.

        Raises:
            ObjectExistsError: ``must_not_exist``, and there is one.
            NoSuchUploadError: The upload is gone, perhaps because it is complete.
            IntegrityError: A part is not what its checksum or ETag says.
        """
        params = of_parts(key, upload_id, parts, size=size)
        answer = self._make_object("complete_multipart_upload", params, "complete", must_not_exist)
        return ObjectMade.of(answer, on_aws=self.on_aws)

    def list_free_keys(self, keys: Iterable[str], keys_a_page: int = KEYS_A_PAGE) -> frozenset[str]:
        """The keys that a listing shows to be free; for the rest, use ``head_object``.

        Needs s3:ListBucket; where that is missing, or a listing takes more requests than a HEAD of
        each, the result is empty. Raises no error of S3's.

        Args:
            keys: Any number.
            keys_a_page: How many HEADs a listing is worth; fewer keys make no request.
        """
        return list_free_keys(self._calls, keys, keys_a_page)

    def list_objects(self, keys: Iterable[str]) -> Mapping[str, ObjectFound]:
        """The objects that a listing shows of these keys; for the rest, use ``head_object``.

        As with :meth:`list_free_keys` it may show none. It tells sizes and ETags, and nothing of
        versions, types and checksums.
        """
        return list_objects(self._calls, keys)

    def head_object(self, key: str) -> ObjectHead:
        """Request an object's headers. A denied HEAD is an answer, not a failure."""
        status, answer = self._calls.head(
            "head_object", {403, 404}, Key=key, ChecksumMode="ENABLED"
        )
        refused: dict[int, ObjectHead] = {403: NotAllowed(), 404: NoObject()}
        return refused.get(status) or ObjectFound.of(answer, on_aws=self.on_aws)

    def list_object_parts(self, key: str) -> tuple[ListedPart, ...]:
        """The parts that an object was made of, as far as S3 reports them: all, the first or none."""
        return list_object_parts(self._calls, key)

    def get_object(self, key: str, *, version_id: str = "") -> Iterator[bytes]:
        """An object's bytes, block by block; resumes where a connection breaks.

        Args:
            key: The object's.
            version_id: ``""`` reads the newest.

        Raises:
            ObjectExistsError: Another object took its place meanwhile.
            S3Error: It cannot be read.
        """
        return self.download(key, version_id=version_id).blocks()

    def download(
        self, key: str, *, version_id: str = "", etag: str = "", size: int = -1
    ) -> Download:
        """An object, to read ranges of it that are all of the same one; makes no request.

        Args:
            key: The object's.
            version_id: ``""`` reads the newest.
            etag: That it has, if that is known.
            size: Bytes that it has, if that is known; else -1.
        """
        return Download(self._calls, key, version_id, self.destination(key), etag, size)

    def abort_multipart_upload(self, key: str, upload_id: str) -> None:
        """Delete the parts, and again until S3 shows none: one on its way may arrive later.

        Raises:
            S3UnavailableError: Parts keep arriving.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
        """
        for failures in range(1, ABORT_ATTEMPTS + 1):
            with contextlib.suppress(NoSuchUploadError):
                self._calls.request("abort_multipart_upload", Key=key, UploadId=upload_id)
            if self._is_aborted(key, upload_id):
                return
            if failures < ABORT_ATTEMPTS:
                time.sleep(backoff(failures))
        msg = f"parts of {self.destination(key)} keep arriving: close other pages, discard again"
        raise S3UnavailableError(msg)

    def _make_object(
        self,
        verb: str,
        params: Mapping[str, Any],
        purpose: Purpose,
        must_not_exist: bool,
        *,
        seen_free: bool = False,
    ) -> Mapping[str, Any]:
        with self.folders.explaining(params["Key"]):
            if must_not_exist:
                return self.guard.make_object(verb, params, purpose, seen_free=seen_free)
            return self._calls.request(verb, purpose=purpose, **params)

    def _is_aborted(self, key: str, upload_id: str) -> bool:
        try:
            self._calls.request("list_parts", Key=key, UploadId=upload_id, MaxParts=1)
        except (NoSuchUploadError, AccessDeniedError):
            return True  # where listing is denied, S3 took the abort, and nobody can know more
        except S3Error as error:
            if refusal_code(error) not in UNKNOWN_OPERATION:
                raise
            return True  # nor where the server knows no such list
        return False


def _without_user(url: str) -> str:
    """An address without the name and the password that it may contain."""
    scheme, _, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}".rstrip("/")


def _origin(url: str) -> str:
    """``scheme://host[:port]`` of an absolute address."""
    return "/".join(url.split("/", 3)[:3])
