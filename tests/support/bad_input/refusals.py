"""What S3 says no to: one row for each of its reasons. See :mod:`support.bad_input.cases`."""

from __future__ import annotations

from typing import Final

from support.bad_input.actions import (
    clock_two_hours_late,
    make_the_bucket,
    missing_bucket,
    no_credentials,
    right_clock,
    wrong_credentials,
)
from support.bad_input.stage import SEVERAL, Stage, Trouble, always

RENEW: Final = "renew the credentials in the kernel's environment"

REFUSALS: Final = (
    # the bucket
    Trouble(
        cause="a bucket that does not exist",
        options=missing_bucket,
        says=("the bucket '{bucket}' does not exist",),
        remedy="check its name and the client's endpoint_url",
        cure=make_the_bucket,
        then="Retry",
    ),
    Trouble(
        cause="a bucket that the page's address does not know",
        wire=always("PutObject", 404, "NoSuchBucket"),
        size=1000,
        sent=True,
        says=("{name}: the address that this page sends to has no such bucket",),
        remedy="Check browser_endpoint_url and the bucket, then press Resume",
    ),
    # credentials
    Trouble(
        cause="no credentials",
        options=no_credentials,
        says=("the kernel has no AWS credentials",),
        remedy=RENEW,
        cure=Stage.good_environment,
        then="Retry",
    ),
    Trouble(
        cause="credentials that S3 does not know",
        options=wrong_credentials,
        says=("S3 did not take the credentials for s3://{bucket}/{name} (InvalidAccessKeyId)",),
        remedy=RENEW,
        cure=Stage.good_environment,
        then="Retry",
    ),
    Trouble(
        cause="credentials that S3 does not know, with a file of one part",
        options=wrong_credentials,
        size=1000,
        says=("S3 did not take the credentials for s3://{bucket}/{name} (InvalidAccessKeyId)",),
        remedy=RENEW,
        cure=Stage.good_environment,
        then="Retry",
    ),
    Trouble(
        cause="credentials that S3 does not know, said to the page",
        wire=always("PutObject", 403, "InvalidAccessKeyId"),
        size=1000,
        sent=True,
        says=("{name}: S3 does not accept the kernel's credentials (InvalidAccessKeyId)",),
        remedy="Renew them in the kernel, then press Resume",
        cure=Stage.good_environment,
    ),
    Trouble(
        cause="credentials that expired, said by a HEAD, which has no body",
        kernel=always("HeadBucket", 400, ""),
        says=("S3 did not take the credentials for s3://{bucket} (400)",),
        remedy=RENEW,
        then="Retry",
    ),
    Trouble(
        cause="credentials that expired, said with 403",
        kernel=always("CreateMultipartUpload", 403, "ExpiredToken"),
        says=("S3 did not take the credentials for s3://{bucket}/{name} (ExpiredToken)",),
        remedy=RENEW,
    ),
    Trouble(
        cause="credentials that expired, said with 400",
        kernel=always("CreateMultipartUpload", 400, "ExpiredToken"),
        says=("S3 did not take the credentials for s3://{bucket}/{name} (ExpiredToken)",),
        remedy=RENEW,
    ),
    Trouble(
        cause="credentials that expired before the end",
        kernel=always("CompleteMultipartUpload", 400, "ExpiredToken"),
        sent=True,
        says=("S3 did not take the credentials for s3://{bucket}/{name} (ExpiredToken)",),
        remedy=RENEW,
    ),
    Trouble(
        cause="credentials that expired, said to the page",
        wire=always("UploadPart", 400, "ExpiredToken"),
        sent=True,
        says=("{name}: S3 does not accept the kernel's credentials (ExpiredToken)",),
        remedy="Renew them in the kernel, then press Resume",
    ),
    Trouble(
        cause="a wrong secret key",
        kernel=always("CreateMultipartUpload", 403, "SignatureDoesNotMatch"),
        says=("S3 computes another signature for s3://{bucket}/{name}", "SignatureDoesNotMatch"),
        remedy=RENEW,
    ),
    Trouble(
        cause="something between page and S3 that changes requests",
        wire=always("UploadPart", 403, "SignatureDoesNotMatch"),
        sent=True,
        says=("{name}: S3 rejects the signature (SignatureDoesNotMatch)",),
        remedy="browser_endpoint_url",
    ),
    # permissions
    *(
        Trouble(
            cause=f"{operation} denied",
            kernel=always(operation, 403, "AccessDenied", "no identity-based policy allows it"),
            sent=operation != "CreateMultipartUpload",
            says=(
                f"S3 denied {operation} on s3://{{bucket}}/{{name}}",
                "S3 said: no identity-based policy allows it",
                "arn:aws:s3:::{bucket}/{name}",
            ),
            remedy=f"the credentials need {permission} there",
        )
        for operation, permission in (
            ("CreateMultipartUpload", "s3:PutObject"),
            ("ListParts", "s3:ListMultipartUploadParts"),
            ("CompleteMultipartUpload", "s3:PutObject"),
        )
    ),
    *(
        Trouble(
            cause=f"the page's {operation} denied",
            wire=always(operation, 403, "AccessDenied"),
            size=size,
            sent=True,
            says=(
                "{name}: S3 refused part",
                "(403 AccessDenied)",
                "arn:aws:s3:::{bucket}/{name}",
            ),
            remedy="The kernel's credentials need s3:PutObject for this key",
        )
        for operation, size in (("UploadPart", SEVERAL), ("PutObject", 1000))
    ),
    Trouble(
        cause="an encryption key that may not be used",
        wire=always(
            "UploadPart",
            403,
            "AccessDenied",
            "User: arn:aws:iam::123456789012:user/ada is not authorized to perform: "
            "kms:GenerateDataKey on resource: arn:aws:kms:eu-central-1:123456789012:key/1",
        ),
        sent=True,
        says=("{name}: S3 refused part", "(403 AccessDenied)"),
        remedy="The kernel's credentials need kms:GenerateDataKey",
    ),
    # the region
    Trouble(
        cause="another region, said by a HEAD",
        kernel=always("HeadBucket", 301, "", x_amz_bucket_region="eu-central-1"),
        says=("the bucket '{bucket}' is in another region than the client asks",),
        remedy="pass client=boto3.client('s3', region_name='eu-central-1')",
        then="Retry",
    ),
    *(
        Trouble(
            cause=f"another region, said with {status} {code}",
            kernel=always("CreateMultipartUpload", status, code, x_amz_bucket_region="us-west-2"),
            says=("the bucket '{bucket}' is in another region than the client asks",),
            remedy="pass client=boto3.client('s3', region_name='us-west-2')",
        )
        for status, code in (
            (301, "PermanentRedirect"),
            (307, "TemporaryRedirect"),
            (400, "AuthorizationHeaderMalformed"),
        )
    ),
    Trouble(
        cause="another region, said to the page",
        wire=always("PutObject", 301, "PermanentRedirect"),
        size=1000,
        sent=True,
        says=("{name}: the bucket is in another region",),
        remedy="Pass client=boto3.client('s3', region_name=…)",
    ),
    # the clock
    Trouble(
        cause="a wrong clock",
        kernel=always("CreateMultipartUpload", 403, "RequestTimeTooSkewed"),
        says=("the kernel's clock differs too much from S3's",),
        remedy="set the clock of the machine the kernel runs on",
    ),
    Trouble(
        cause="a wrong clock, found by what it signed for the page",
        before=clock_two_hours_late,
        size=1000,
        sent=True,
        says=("{name}: the clock of the kernel's machine is wrong (RequestExpired)",),
        remedy="Set it, then press Resume",
        cure=right_clock,
    ),
    Trouble(
        cause="a wrong clock, said to the page",
        wire=always("UploadPart", 403, "RequestTimeTooSkewed"),
        sent=True,
        says=("{name}: the clock of the kernel's machine is wrong (RequestTimeTooSkewed)",),
        remedy="Set it, then press Resume",
    ),
)
