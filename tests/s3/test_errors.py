from __future__ import annotations

import json
from typing import Any

import botocore.exceptions as b
import pytest

from s3upload_widget import errors as e
from s3upload_widget.redaction import scrub
from s3upload_widget.s3 import Call, refusal_code
from s3upload_widget.s3.errors import safe_cause, translated

UPLOAD_ID = "VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3ZpZS5tMnRzIHVwbG9hZA"
PUT_ID = {"key": "raw/run7.csv", "upload_id": UPLOAD_ID}
URL = f"https://lab-data.s3.amazonaws.com/raw/run7.csv?uploadId={UPLOAD_ID}&X-Amz-Signature=abc"


def call(operation: str, **more: str) -> Call:
    return Call(operation=operation, bucket="lab-data", **more)


def refusal(code: str, status: int, message: str = "", operation: str = "X") -> b.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return b.ClientError(response, operation)


CREATE = call("CreateMultipartUpload", key="raw/run7.csv")
COMPLETE = call("CompleteMultipartUpload", **PUT_ID)
LIST = call("ListParts", **PUT_ID)
HEAD = call("HeadObject", key="raw/run7.csv")
BUCKET = call("HeadBucket")


ROWS: list[tuple[Exception, Call, type[e.UploadError], str]] = [
    (refusal("AccessDenied", 403), CREATE, e.AccessDeniedError, "s3:PutObject"),
    (refusal("AccessDenied", 403), COMPLETE, e.AccessDeniedError, "s3:PutObject"),
    (refusal("AccessDenied", 403), LIST, e.AccessDeniedError, "s3:ListMultipartUploadParts"),
    (
        refusal("AccessDenied", 403),
        call("AbortMultipartUpload", **PUT_ID),
        e.AccessDeniedError,
        "s3:AbortMultipartUpload",
    ),
    (
        refusal("AccessDenied", 403),
        call("ListMultipartUploads"),
        e.AccessDeniedError,
        "s3:ListBucketMultipartUploads",
    ),
    (refusal("403", 403), HEAD, e.AccessDeniedError, "s3:GetObject"),
    (refusal("Whatever", 403), CREATE, e.AccessDeniedError, "s3:PutObject"),
    (refusal("ExpiredToken", 403), CREATE, e.CredentialsError, "resume"),
    (refusal("ExpiredToken", 400), CREATE, e.CredentialsError, "renew"),
    (refusal("TokenRefreshRequired", 400), CREATE, e.CredentialsError, "renew"),
    (refusal("InvalidAccessKeyId", 403), CREATE, e.CredentialsError, "renew"),
    (refusal("SignatureDoesNotMatch", 403), CREATE, e.CredentialsError, "renew"),
    (refusal("400", 400), HEAD, e.CredentialsError, "renew"),
    (refusal("RequestTimeTooSkewed", 403), CREATE, e.ClockSkewError, "clock"),
    (refusal("NoSuchBucket", 404), CREATE, e.NoSuchBucketError, "'lab-data'"),
    (refusal("404", 404), BUCKET, e.NoSuchBucketError, "'lab-data'"),
    (refusal("NoSuchUpload", 404), LIST, e.NoSuchUploadError, "start it again"),
    (refusal("NoSuchKey", 404), COMPLETE, e.NoSuchUploadError, "start it again"),
    (refusal("PermanentRedirect", 301), CREATE, e.WrongRegionError, "region_name"),
    (refusal("TemporaryRedirect", 307), CREATE, e.WrongRegionError, "region_name"),
    (refusal("301", 301), BUCKET, e.WrongRegionError, "region_name"),
    (refusal("AuthorizationHeaderMalformed", 400), CREATE, e.WrongRegionError, "region"),
    (refusal("SlowDown", 503), CREATE, e.S3UnavailableError, "try again"),
    (refusal("InternalError", 500), COMPLETE, e.S3UnavailableError, "try again"),
    (refusal("InternalError", 200), COMPLETE, e.S3UnavailableError, "try again"),
    (refusal("", 408), CREATE, e.S3UnavailableError, "408"),
    (refusal("", 502), CREATE, e.S3UnavailableError, "502"),
    (refusal("", 522), CREATE, e.S3UnavailableError, "522"),
    (refusal("RequestTimeout", 400), CREATE, e.S3UnavailableError, "try again"),
    (refusal("PreconditionFailed", 412), COMPLETE, e.ObjectExistsError, "overwrite"),
    (refusal("ConditionalRequestConflict", 409), COMPLETE, e.ObjectExistsError, "overwrite"),
    (refusal("InvalidPart", 400), COMPLETE, e.IntegrityError, "InvalidPart"),
    (refusal("BadDigest", 400), COMPLETE, e.IntegrityError, "BadDigest"),
    (refusal("EntityTooSmall", 400), COMPLETE, e.S3Error, "EntityTooSmall"),
    (b.NoCredentialsError(), CREATE, e.CredentialsError, "no AWS credentials"),
    (
        b.PartialCredentialsError(provider="env", cred_var="secret"),
        CREATE,
        e.CredentialsError,
        "incomplete",
    ),
    (b.UnauthorizedSSOTokenError(), CREATE, e.CredentialsError, "aws sso login"),
    (
        b.TokenRetrievalError(provider="sso", error_msg="ended"),
        CREATE,
        e.CredentialsError,
        "has ended",
    ),
    (
        b.CredentialRetrievalError(provider="custom", error_msg="no"),
        CREATE,
        e.CredentialsError,
        "cannot be had",
    ),
    (b.ProfileNotFound(profile="lab"), CREATE, e.CredentialsError, "AWS_PROFILE"),
    (b.InvalidRegionError(region_name="no region"), CREATE, e.RefusedError, "eu-west-1"),
    (b.NoRegionError(), CREATE, e.WrongRegionError, "region_name"),
    (
        b.EndpointConnectionError(endpoint_url=URL),
        CREATE,
        e.S3UnavailableError,
        "cannot reach",
    ),
    (b.ConnectTimeoutError(endpoint_url=URL), CREATE, e.S3UnavailableError, "cannot reach"),
    (b.ReadTimeoutError(endpoint_url=URL), COMPLETE, e.S3UnavailableError, "cannot reach"),
    (b.ConnectionClosedError(endpoint_url=URL), LIST, e.S3UnavailableError, "cannot reach"),
    (b.ProxyConnectionError(proxy_url="http://p"), LIST, e.S3UnavailableError, "proxy"),
    (
        b.SSLError(endpoint_url=URL, error=OSError("self-signed")),
        LIST,
        e.S3UnavailableError,
        "verify=",
    ),
    (b.ParamValidationError(report="bad"), CREATE, e.RefusedError, "CreateMultipartUpload"),
    (
        b.UnsupportedS3ArnError(arn="arn:x", msg=""),
        CREATE,
        e.UnsupportedBucketError,
        "lab-data",
    ),
    (b.DataNotFoundError(data_path="x"), CREATE, e.S3Error, "boto3"),
]


def named(value: object) -> str:
    if isinstance(value, b.ClientError):
        return str(value.response["Error"]["Code"])
    if isinstance(value, Call):
        return value.operation
    return value.__name__ if isinstance(value, type) else type(value).__name__


@pytest.mark.parametrize(("error", "where", "expected", "told"), ROWS, ids=named)
def test_what_botocore_raises_becomes_an_error_that_says_what_to_do(
    error: Exception, where: Call, expected: type[e.UploadError], told: str
) -> None:
    ours = translated(error, where)

    assert type(ours) is expected
    assert told in str(ours)


@pytest.mark.parametrize(
    ("denied", "resource"),
    [(CREATE, "lab-data/raw/run7.csv"), (call("ListMultipartUploads"), "lab-data")],
    ids=["of a key", "of the bucket"],
)
def test_a_denial_tells_the_statement_that_allows_it(denied: Call, resource: str) -> None:
    told = str(translated(refusal("AccessDenied", 403, "not authorized"), denied))

    assert json.loads(told[told.index("{") :]) == {
        "Effect": "Allow",
        "Action": denied.permission,
        "Resource": f"arn:aws:s3:::{resource}",
    }


@pytest.mark.parametrize(
    ("denied", "said"),
    [
        (CREATE, "ada is not authorized to perform: kms:GenerateDataKey on resource: key/1"),
        (Call(operation="PutObject", bucket="arn:aws:s3:eu-west-1:1:accesspoint/lab", key="a"), ""),
    ],
    ids=["by a KMS key", "by an access point"],
)
def test_a_denial_that_no_such_statement_would_mend_tells_none(denied: Call, said: str) -> None:
    assert "{" not in str(translated(refusal("AccessDenied", 403, said), denied))


def test_every_error_of_s3s_is_reached() -> None:
    reached = {expected for _, _, expected, _ in ROWS}

    assert {error for error in e.all_errors() if issubclass(error, e.S3Error)} <= reached


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(
            refusal("Odd", 400, f"upload {UPLOAD_ID} at {URL} by AKIAIOSFODNN7EXAMPLE"), id="S3's"
        ),
        pytest.param(b.ReadTimeoutError(endpoint_url=URL), id="botocore's"),
        pytest.param(
            b.ReadTimeoutError(endpoint_url=f"https://s3/{'%E6%B8%AC' * 40}?uploadId={UPLOAD_ID}"),
            id="beyond what is shown",
        ),
        pytest.param(
            refusal(f"X-Amz-Credential=abc {UPLOAD_ID}", 400), id="in the place of the code"
        ),
    ],
)
def test_no_message_holds_a_secret(error: Exception) -> None:
    ours = translated(error, COMPLETE)

    assert safe_cause(error, COMPLETE) is None
    for secret in (UPLOAD_ID, "Signature", "AKIA", "X-Amz-Credential=abc", "uploadId="):
        assert secret not in str(ours)


def test_a_harmless_cause_is_kept() -> None:
    error = refusal("AccessDenied", 403, "Access Denied")

    assert safe_cause(error, CREATE) is error


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://host/key?X-Amz-Signature=abc&b=1 now", "see https://host/key now"),
        ('"https://host/key?a=1"', '"https://host/key"'),
        ("really? yes", "really? yes"),
        ("X-Amz-Security-Token: IQoJb3Jp", "…"),
        ("two\nlines", "two lines"),
        ("my secret", "my …"),
    ],
)
def test_text_is_scrubbed(text: str, expected: str) -> None:
    assert scrub(text, ["secret", ""]) == expected


def test_the_code_behind_an_error_is_s3s_own_and_none_where_s3_did_not_answer() -> None:
    error = e.S3UnavailableError("S3 did not manage it")
    codes = []
    for cause in (refusal("SlowDown", 503), b.ReadTimeoutError(endpoint_url=URL), None):
        error.__cause__ = cause
        codes.append(refusal_code(error))

    assert codes == ["SlowDown", "", ""]


@pytest.mark.parametrize(
    ("code", "status", "told"),
    [
        ("QuotaExceeded", 403, "quota"),
        ("XMinioAdminBucketQuotaExceeded", 400, "quota"),
        ("InvalidObjectState", 403, "archived"),
        ("AllAccessDisabled", 403, "the server's own reason"),
        ("SomethingNew", 403, "the server's own reason"),
        ("SignatureDoesNotMatch", 403, "addressing_style"),
        ("SignatureDoesNotMatch", 403, "characters of this key"),
    ],
)
def test_a_refusal_that_is_no_missing_permission_tells_the_servers_code_and_no_statement(
    code: str, status: int, told: str
) -> None:
    said = f"no such luck at {URL}"

    ours = str(translated(refusal(code, status, said), CREATE))

    for expected in (code, told, "no such luck"):
        assert expected in ours
    assert "a policy with this statement" not in ours
    assert "Signature=" not in ours


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("RequestExpired", e.ClockSkewError),
        ("InvalidDigest", e.IntegrityError),
        ("XAmzContentSHA256Mismatch", e.IntegrityError),
    ],
)
def test_page_and_kernel_read_a_code_alike(code: str, expected: type[e.UploadError]) -> None:
    assert type(translated(refusal(code, 400), CREATE)) is expected
