"""The boto3 clients behind a store, derived from the user's client when first needed.

A derived client has the user's endpoint, configuration, certificates and the very same
credentials object, so that a refresh carries over; settings that uploads need are added. Makes no request.
"""

from __future__ import annotations

import logging
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit

from s3upload_widget.errors import RefusedError
from s3upload_widget.redaction import scrub
from s3upload_widget.s3.bucket_names import Address, is_virtual, more_on_aws
from s3upload_widget.s3.credentials import default_session, is_outdated, like, live_session
from s3upload_widget.s3.errors import Call, safe_cause, translated
from s3upload_widget.s3.odd_lists import repair_lists
from s3upload_widget.s3.strangers import read_strictly

if TYPE_CHECKING:
    from collections.abc import Iterator

    from boto3.session import Session as BotoSession
    from botocore.config import Config
    from types_boto3_s3 import S3Client

logger = logging.getLogger("s3upload_widget")

CONNECT_TIMEOUT: Final = 5.0
"""Seconds."""
READ_TIMEOUT: Final = 60.0
"""Seconds."""
MAX_ATTRIBUTES: Final = 4 * 1024**2
"""Bytes; a page of an object's 1,000 parts takes a tenth."""
COMPLETE_TIMEOUT: Final = 300.0
"""Seconds. S3 may think for minutes about a Complete.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
"""
DEFAULT_REGION: Final = "us-east-1"

_AWS_HOST: Final = re.compile(r"s3(?:[.-][a-z0-9.-]+)?\.amazonaws\.(?:com|com\.cn|eu)")

Purpose: TypeAlias = Literal["query", "complete", "send", "sign"]


def connect(
    *,
    endpoint_url: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    region: str | None = None,
    profile: str | None = None,
) -> S3Client:
    """A boto3 S3 client that speaks what every S3 server understands.

    Args:
        endpoint_url: The server's address; AWS if left out.
        access_key: Left out, boto3 finds credentials as always.
        secret_key: Goes with ``access_key``.
        region: The bucket's region.
        profile: Of the user's AWS configuration.

    Raises:
        CredentialsError: There is no such profile.
        RefusedError: The address or the region is not valid.
    """
    import boto3  # noqa: PLC0415 - loading boto3 takes a while, and pages open without it

    with _making(""):
        return boto3.Session(profile_name=profile).client(
            "s3",
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            region_name=region,
            # A profile may have its own addressing style; without one botocore knows which fits.
            config=_config("", READ_TIMEOUT),
        )


def is_aws(endpoint_url: str) -> bool:
    """Whether an endpoint is AWS's public one, where a bucket's region can be asked for."""
    return _AWS_HOST.fullmatch(urlsplit(endpoint_url).hostname or "") is not None


def check_client(client: object) -> None:
    """Refuse anything but an S3 client; an object like one will do.

    Raises:
        RefusedError: It is not an S3 client.
    """
    meta = getattr(client, "meta", None)
    service = getattr(getattr(meta, "service_model", None), "service_name", "s3")
    if client is not None and not (hasattr(meta, "endpoint_url") and service == "s3"):
        kind = type(client).__name__
        msg = f'client= has to be an S3 client, not a {kind}: give boto3.client("s3")'
        raise RefusedError(msg)


class Clients:
    """One client for each purpose, made when first asked for. Thread-safe.

    Args:
        bucket: Its name decides how it is addressed.
        client: The user's; None for boto3's default one.
        browser_endpoint_urls: The endpoints for the page; empty for the client's own.

    Raises:
        RefusedError: ``client`` is none.
    """

    def __init__(
        self, bucket: str, client: S3Client | None, browser_endpoint_urls: tuple[str, ...] = ()
    ) -> None:
        check_client(client)
        self._bucket = bucket
        self._given = client
        self._browser_endpoint_urls = browser_endpoint_urls
        self._lock = threading.RLock()
        self._default: list[S3Client] = []
        self._derived: dict[tuple[Purpose, Address | None], S3Client] = {}
        self._region = ""
        self._ended: BotoSession | None = None

    def user(self) -> S3Client:
        """The user's own client, or boto3's default one.

        Raises:
            UploadError: boto3 cannot make one of what it finds in the environment.
        """
        if self._given is not None:
            return self._given
        with self._lock:
            if not self._default:
                with _making(self._bucket):
                    self._default.append(self._default_client())
            return self._default[0]

    def get(self, purpose: Purpose, address: Address | None = None) -> S3Client:
        """The client for ``purpose``, at one of :attr:`addresses`; None is the first of them."""
        with self._lock:
            wanted = purpose, address
            if wanted not in self._derived:
                self._derived[wanted] = self._derive(purpose, address or self._first(purpose))
            return self._derived[wanted]

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where pages may send to: the first is in use always, the others are worth a try."""
        first = self._first("sign")
        if self._browser_endpoint_urls:
            others = self._browser_endpoint_urls[1:]
            return first, *(Address(url, first.virtual) for url in others)
        if not self.aws or self._s3_config().get("use_accelerate_endpoint"):
            return (first,)
        meta = self.get("sign").meta
        return first, *more_on_aws(self._bucket, first, meta.endpoint_url, meta.region_name)

    def _first(self, purpose: Purpose) -> Address:
        """The address that every request of a purpose has, unless it names another."""
        endpoint = None if self.aws else self.user().meta.endpoint_url
        if purpose == "sign" and self._browser_endpoint_urls:
            endpoint = self._browser_endpoint_urls[0]
        style = self._s3_config().get("addressing_style")
        return Address(endpoint, is_virtual(self._bucket, style, on_aws=endpoint is None))

    def move_to(self, region: str) -> None:
        """Use ``region`` from now on."""
        with self._lock:
            if region and region != self.get("query").meta.region_name:
                self._region = region
                self._derived.clear()

    def reset(self) -> None:
        """Make all clients again when next needed, so that renewed credentials are found."""
        with self._lock:
            self._ended = default_session()
            self._derived.clear()
            self._default.clear()

    def refresh(self) -> None:
        """Find credentials that replaced the default client's, if nothing renews those by itself."""
        with self._lock:
            if self._default and is_outdated(self.credentials(), default_session()):
                self.reset()

    def credentials(self) -> Any:
        """The user's live credentials object, or None where there is none."""
        client: Any = self.user()
        # botocore has no public way to them; the second form is of versions before 1.24.
        if hasattr(client, "_get_credentials"):
            return client._get_credentials()  # noqa: SLF001
        return getattr(getattr(client, "_request_signer", None), "_credentials", None)

    @property
    def endpoint(self) -> str:
        """The kernel's endpoint; one for all of AWS, whose regions share their buckets' names."""
        return "https://s3.amazonaws.com" if self.aws else self.user().meta.endpoint_url

    @property
    def one_address(self) -> bool:
        """Whether the page is given no other endpoint than the kernel's."""
        own = urlsplit(self.user().meta.endpoint_url)
        given = urlsplit(next(iter(self._browser_endpoint_urls), ""))
        return not given.netloc or (own.scheme, own.netloc) == (given.scheme, given.netloc)

    @property
    def aws(self) -> bool:
        """Whether the kernel talks to AWS itself."""
        return is_aws(self.user().meta.endpoint_url)

    @property
    def verify(self) -> bool | str | None:
        """The certificates that are trusted, as botocore's private ``verify`` has it."""
        endpoint = getattr(self.user(), "_endpoint", None)
        trusted: bool | str | None = getattr(
            getattr(endpoint, "http_session", None), "_verify", None
        )
        return trusted

    def _default_client(self) -> S3Client:
        session = default_session()
        held = session.get_credentials() if session else None
        if session is None or session is self._ended or is_outdated(held, session):
            session = like(session)
        return session.client("s3")

    def _s3_config(self) -> dict[str, Any]:
        user: Any = self.user()
        return dict(user.meta.config.s3 or {})

    def _derive(self, purpose: Purpose, address: Address) -> S3Client:
        user: Any = self.user()
        wanted = self._s3_config()
        config = user.meta.config.merge(
            _config(
                "virtual" if address.virtual else "path",
                COMPLETE_TIMEOUT if purpose == "complete" else READ_TIMEOUT,
                # Each body travels with its SHA-256: over plain HTTP botocore would make another.
                s3=wanted | ({"payload_signing_enabled": False} if purpose == "send" else {}),
                # A body is sent twice at most before somebody asks why.
                attempts=2 if purpose == "send" else 3,
                # The endpoint is decided here; a profile's own would send parts elsewhere.
                ignore_configured_endpoint_urls=True,
            )
        )
        region = self._region or user.meta.region_name
        client = live_session(user, self.credentials()).create_client(
            "s3",
            region_name=DEFAULT_REGION if region in {None, "", "aws-global"} else region,
            endpoint_url=address.endpoint_url,
            verify=self.verify,
            config=config,
        )
        read_strictly(client)
        repair_lists(client)
        if not self.aws:
            client.meta.events.register("before-call.s3.GetObjectAttributes", _bound)
        return cast("S3Client", client)


@contextmanager
def _making(bucket: str) -> Iterator[None]:
    """Raise our errors where boto3 cannot make a client of its arguments or the environment."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    call = Call(operation="CreateClient", bucket=bucket)
    try:
        yield
    except BotoCoreError as error:
        raise translated(error, call) from safe_cause(error, call)
    except ValueError as error:  # botocore has no class for an address that is none
        msg = (
            f"boto3 makes no client ({scrub(str(error))}): check endpoint_url, and "
            "AWS_ENDPOINT_URL; an address looks like https://s3.example.org:9000"
        )
        raise RefusedError(msg) from None


def _bound(params: dict[str, Any], **_: object) -> None:
    """Bound the answer: a server that does not know the operation sends the whole object."""
    params["headers"]["Range"] = f"bytes=0-{MAX_ATTRIBUTES - 1}"


def _config(
    addressing_style: str,
    read_timeout: float,
    *,
    s3: dict[str, Any] | None = None,
    attempts: int = 3,
    ignore_configured_endpoint_urls: bool = False,
) -> Config:
    from botocore.config import Config  # noqa: PLC0415

    addressing = {"addressing_style": addressing_style} if addressing_style else {}
    options: dict[str, Any] = {
        # boto3 presigns with SigV2 otherwise, where checksums are not signed.
        "signature_version": "s3v4",
        "s3": {**(s3 or {}), **addressing, "use_arn_region": True},
        # The default CRC32 trailers break older stores.
        "request_checksum_calculation": "when_required",
        "response_checksum_validation": "when_required",
        "connect_timeout": CONNECT_TIMEOUT,
        "read_timeout": read_timeout,
        "retries": {"mode": "standard", "total_max_attempts": attempts},
        "ignore_configured_endpoint_urls": ignore_configured_endpoint_urls,
        "max_pool_connections": 64,
    }
    return Config(**options)
