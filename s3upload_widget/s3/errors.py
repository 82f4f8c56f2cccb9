"""botocore's errors → ours, each with a remedy; S3's own words are scrubbed.

No message holds a query string, an upload id or a credential: messages reach the page, the
notebook and logs.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.errors import (
    AccessDeniedError,
    ClockSkewError,
    CredentialsError,
    IntegrityError,
    NoSuchBucketError,
    NoSuchUploadError,
    ObjectExistsError,
    RefusedError,
    S3Error,
    S3UnavailableError,
    UnsupportedBucketError,
    UploadError,
    WrongRegionError,
)
from s3upload_widget.redaction import scrub, without_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.exceptions import ClientError


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call to S3, as error messages name it."""

    operation: str
    """S3's name: ``CreateMultipartUpload``."""
    bucket: str
    key: str = ""
    upload_id: str = ""
    """Never shown: messages are scrubbed of it."""

    @property
    def place(self) -> str:
        """``s3://bucket/key``."""
        return f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"

    @property
    def permission(self) -> str:
        """The IAM action that S3 asks for."""
        return _PERMISSIONS.get(self.operation, f"s3:{self.operation}")

    @property
    def statement(self) -> str:
        """An IAM statement that allows it, as JSON."""
        resource = f"arn:aws:s3:::{self.place.removeprefix('s3://')}"
        return json.dumps({"Effect": "Allow", "Action": self.permission, "Resource": resource})


# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
_PERMISSIONS: Final = {
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "ListParts": "s3:ListMultipartUploadParts",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "HeadObject": "s3:GetObject",
    "HeadBucket": "s3:ListBucket",
    "GetBucketCors": "s3:GetBucketCORS",
    "PutBucketCors": "s3:PutBucketCORS",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
}

_RENEW: Final = (
    "renew the credentials in the kernel's environment (for example `aws sso login`, or set new "
    "keys and pass client=), then resume: no part that arrived is lost"
)
_UNREACHABLE: Final = (
    "the kernel cannot reach S3 for {place}: check the network and the client's endpoint_url, "
    "then try again"
)
_BROKEN: Final = "the connection to S3 broke in {operation} on {place}: try again"
_FORMS: Final[dict[type[UploadError], str]] = {
    AccessDeniedError: "S3 denied {operation} on {place}: the credentials need {permission} there",
    CredentialsError: "S3 did not take the credentials for {place} ({code}): " + _RENEW,
    NoSuchBucketError: "the bucket {bucket!r} does not exist at this endpoint: check its name "
    "and the client's endpoint_url",
    NoSuchUploadError: "the multipart upload of {place} is gone: it was completed, aborted or "
    "removed by a lifecycle rule; start it again",
    WrongRegionError: "the bucket {bucket!r} is in another region than the client asks: pass "
    "client=boto3.client('s3', region_name={region}) with the bucket's region",
    ClockSkewError: "the kernel's clock differs too much from S3's, so S3 refuses what it signs: "
    "set the clock of the machine the kernel runs on",
    S3UnavailableError: "S3 did not manage {operation} on {place} ({code}): try again",
    ObjectExistsError: "another object arrived as {place} meanwhile: overwrite it, keep both, or "
    "skip this file",
    IntegrityError: "S3 does not hold the bytes of {place} as they were sent ({code})",
    S3Error: "S3 refused {operation} on {place} ({code})",
}

_FULL: Final = (
    "{place} was not stored, as the server has no room for it ({code}): the bucket's quota, or its "
    "owner's, is used up; have it raised, or delete what is not needed"
)
_CODE_FORMS: Final[dict[str, str]] = {
    "SignatureDoesNotMatch": "S3 computes another signature for {place} ({code}): if the secret key "
    "may be wrong, " + _RENEW + "; else a proxy changes the requests, the server takes another "
    "addressing style (client=boto3.client('s3', config=Config(s3={{'addressing_style': 'path'}})), "
    "or 'virtual'), or it cannot sign characters of this key",
    "InvalidObjectState": "S3 refused {operation} on {place} ({code}): the object is archived; "
    "restore it first, or use another key",
    "QuotaExceeded": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "XMinioStorageFull": _FULL,
}
"""Of codes that say more than their class does."""
_FOREIGN: Final = ("text/html", "application/json")
"""Types of documents that no S3 server refuses with."""
_NO_S3: Final = (
    "the server that answers for {place} is no S3 server ({code}): it sent a web page, or a redirect "
    "to one; check the client's endpoint_url: a console or a login page has another address or port"
)
_OTHER_403: Final = (
    "S3 denied {operation} on {place} ({code}): the code is the server's own reason; if that is a "
    "matter of permissions, the credentials need {permission} there"
)

CODES: Final[dict[str, type[UploadError]]] = {
    "AccessDenied": AccessDeniedError,
    "AllAccessDisabled": AccessDeniedError,
    "AccountProblem": AccessDeniedError,
    "Forbidden": AccessDeniedError,
    "ExpiredToken": CredentialsError,
    "ExpiredTokenException": CredentialsError,
    "TokenRefreshRequired": CredentialsError,
    "InvalidToken": CredentialsError,
    "InvalidAccessKeyId": CredentialsError,
    "InvalidClientTokenId": CredentialsError,
    "NotSignedUp": CredentialsError,
    "SignatureDoesNotMatch": CredentialsError,
    "NoSuchBucket": NoSuchBucketError,
    "NoSuchUpload": NoSuchUploadError,
    "PermanentRedirect": WrongRegionError,
    "TemporaryRedirect": WrongRegionError,
    "AuthorizationHeaderMalformed": WrongRegionError,
    "IllegalLocationConstraintException": WrongRegionError,
    "RequestTimeTooSkewed": ClockSkewError,
    "RequestExpired": ClockSkewError,
    "SlowDown": S3UnavailableError,
    "ServiceUnavailable": S3UnavailableError,
    "InternalError": S3UnavailableError,
    "RequestTimeout": S3UnavailableError,
    "RequestLimitExceeded": S3UnavailableError,
    "Throttling": S3UnavailableError,
    "ThrottlingException": S3UnavailableError,
    "OperationAborted": S3UnavailableError,
    "PreconditionFailed": ObjectExistsError,
    "ConditionalRequestConflict": ObjectExistsError,
    "InvalidPart": IntegrityError,
    "BadDigest": IntegrityError,
    "InvalidDigest": IntegrityError,
    "XAmzContentChecksumMismatch": IntegrityError,
    "XAmzContentSHA256Mismatch": IntegrityError,
    "InvalidObjectState": S3Error,
    "QuotaExceeded": S3Error,
    "XMinioAdminBucketQuotaExceeded": S3Error,
    "XMinioStorageFull": S3Error,
}
"""S3's error codes. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"""

GATEWAY_STATUSES: Final = (408, 499, 502, 503, 504, *range(520, 528))
"""Of a gateway that gets no answer from S3, or is overloaded; those from 520 on are Cloudflare's.
S3's own errors have a code besides."""
UNKNOWN_OPERATION: Final = frozenset({"NotImplemented", "MethodNotAllowed", "501", "405"})
"""Codes of servers that do not know an operation."""

_STATUSES: Final[dict[int, type[UploadError]]] = {
    301: WrongRegionError,
    307: WrongRegionError,
    401: CredentialsError,
    403: AccessDeniedError,
    412: ObjectExistsError,
    429: S3UnavailableError,
    500: S3UnavailableError,
    **dict.fromkeys(GATEWAY_STATUSES, S3UnavailableError),
}
"""By status, where there is no code: HEAD has no body, and proxies send their own."""

# By name, because some of these classes are younger than the oldest botocore we support.
_LOCAL: Final[dict[str, tuple[type[UploadError], str]]] = {
    "NoCredentialsError": (CredentialsError, "the kernel has no AWS credentials: " + _RENEW),
    "PartialCredentialsError": (CredentialsError, "the AWS credentials are incomplete: " + _RENEW),
    "CredentialRetrievalError": (CredentialsError, "AWS credentials cannot be had: " + _RENEW),
    "TokenRetrievalError": (CredentialsError, "the AWS login has ended: " + _RENEW),
    "SSOError": (CredentialsError, "the AWS login has ended: " + _RENEW),
    "RefreshWithMFAUnsupportedError": (CredentialsError, "a new MFA code is needed: " + _RENEW),
    "ProfileNotFound": (
        CredentialsError,
        "the AWS profile does not exist: check its name and AWS_PROFILE (`aws configure list`)",
    ),
    "InvalidRegionError": (RefusedError, "the region is not valid: use one such as eu-west-1"),
    "NoRegionError": (WrongRegionError, _FORMS[WrongRegionError]),
    "ProxyConnectionError": (S3UnavailableError, "the kernel's proxy cannot be reached"),
    "SSLError": (
        S3UnavailableError,
        "the kernel does not trust the certificate of {place}'s server: pass a client with verify=",
    ),
    "ResponseParserError": (
        S3UnavailableError,
        "the server that answers for {place} is no S3 server: a console, or a login page in between",
    ),
    "ResponseStreamingError": (S3UnavailableError, _BROKEN),
    "IncompleteReadError": (S3UnavailableError, _BROKEN),
    "HTTPClientError": (S3UnavailableError, _UNREACHABLE),
    "ConnectionError": (S3UnavailableError, _UNREACHABLE),
    "UnsupportedS3ArnError": (UnsupportedBucketError, "{bucket!r} is no bucket for uploads"),
    "UnsupportedS3ConfigurationError": (UnsupportedBucketError, "{bucket!r} cannot be used"),
    "UnsupportedS3AccesspointConfigurationError": (
        UnsupportedBucketError,
        "{bucket!r} cannot be used with this client's configuration",
    ),
    "ParamValidationError": (RefusedError, "boto3 does not take these arguments for {operation}"),
    "BotoCoreError": (S3Error, "boto3 could not do {operation} on {place}"),
}

_REGION: Final = re.compile(r"[a-z0-9-]{1,40}")
_ACTION: Final = re.compile(r"perform: ([a-z0-9-]{1,32}:[A-Za-z]{1,64})")
_AWS_NAME: Final = re.compile(r"[a-z0-9.-]{3,63}")
"""Of a bucket, and not an access point's ARN."""


def translated(error: Exception, call: Call) -> UploadError:
    """Our error for ``error``, which botocore raised in ``call``."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - loading botocore takes a while

    if isinstance(error, ClientError):
        _find_code(error.response)
        return _refusal(error, call)
    names = [cls.__name__ for cls in type(error).__mro__]
    kind, form = next(_LOCAL[name] for name in [*names, "BotoCoreError"] if name in _LOCAL)
    said = scrub(str(error), [call.upload_id])
    return kind(f"{_filled(form, call, '')} ({type(error).__name__}: {said})")


def error_for(code: str, status: int, call: Call, said: str = "") -> UploadError:
    """Our error for an answer to a request that botocore did not make."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    answer: Any = {
        "Error": {"Code": code, "Message": said},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    error = ClientError(answer, call.operation)
    ours = _refusal(error, call)
    ours.__cause__ = safe_cause(error, call)
    return ours


def refusal_code(error: BaseException) -> str:
    """S3's own code behind one of our errors; ``""`` if S3 did not answer."""
    # botocore's errors of the network have a response too: None.
    answer = getattr(error.__cause__, "response", None) or {}
    return str(answer.get("Error", {}).get("Code", ""))


def is_no_s3(error: BaseException) -> bool:
    """Whether something else than an S3 server answered, as far as its answer shows."""
    cause = error.__cause__
    answer = getattr(cause, "response", None) or {}
    return type(cause).__name__ == "ResponseParserError" or _is_stranger(answer)


def safe_cause(error: Exception, call: Call) -> Exception | None:
    """``error`` as a ``__cause__``, or None where its text would show a secret."""
    text = str(error)
    return error if without_secrets(text, [call.upload_id]) == text else None


def _find_code(answer: Any) -> None:
    """Some servers refuse by a document of another name: its code and words are beside the error."""
    told, code = answer.get("Error", {}), answer.get("Code")
    if isinstance(code, str) and not told.get("Code"):
        answer["Error"] = {**told, "Code": code, "Message": str(answer.get("Message", ""))}


def _refusal(error: ClientError, call: Call) -> UploadError:
    answer: Mapping[str, Any] = error.response
    code = str(answer.get("Error", {}).get("Code", ""))
    status = int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if _is_stranger(answer):
        return S3Error(_filled(_NO_S3, call, str(status)))
    kind = _kind(code, status, call)
    said = scrub(str(answer.get("Error", {}).get("Message", "")), [call.upload_id])
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    region = _REGION.fullmatch(str(headers.get("x-amz-bucket-region", "")))
    shown_code = scrub(code, [call.upload_id]) or str(status)
    is_denial = kind is AccessDeniedError and code in {"AccessDenied", "Forbidden", "", str(status)}
    unknown = _OTHER_403 if kind is AccessDeniedError and not is_denial else _FORMS[kind]
    form = _CODE_FORMS.get(code, unknown)
    message = _filled(form, call, shown_code, repr(region[0]) if region else "…")
    message = f"{message} (S3 said: {said})" if said else message
    missing = _ACTION.search(said)
    ours = missing is None or missing[1] == call.permission  # else a key of KMS refuses
    if is_denial and ours and _AWS_NAME.fullmatch(call.bucket):
        message = f"{message}; a policy with this statement allows it: {call.statement}"
    return kind(message)


def _is_stranger(answer: Mapping[str, Any]) -> bool:
    """A web page or JSON with an error, or a redirect that S3 does not send: neither has a code of S3's."""
    code = str(answer.get("Error", {}).get("Code", ""))
    about = answer.get("ResponseMetadata", {})
    status, headers = int(about.get("HTTPStatusCode", 0)), about.get("HTTPHeaders", {})
    if code not in {"", str(status)} or status in _STATUSES.keys() - {301, 307, 401, 403}:
        return False
    if status in range(300, 400):
        return "location" in headers and "x-amz-bucket-region" not in headers
    return str(headers.get("content-type", "")).startswith(_FOREIGN)


def _kind(code: str, status: int, call: Call) -> type[UploadError]:
    missing = 404
    if status == missing and call.upload_id:
        return NoSuchUploadError  # some servers say NoSuchKey
    if status == missing and call.operation == "HeadBucket":
        return NoSuchBucketError
    if code == "400" and call.operation.startswith("Head"):
        return CredentialsError  # a HEAD has no body to say ExpiredToken in
    return CODES.get(code) or _STATUSES.get(status, S3Error)


def _filled(form: str, call: Call, code: str, region: str = "…") -> str:
    return form.format(
        operation=call.operation,
        place=call.place,
        bucket=call.bucket,
        permission=call.permission,
        code=code,
        region=region,
    )
