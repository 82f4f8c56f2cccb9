"""What a store refuses before it asks anybody: buckets, addresses and extra arguments."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import boto3
import pytest

from s3upload_widget.errors import RefusedError, UnsupportedBucketError
from s3upload_widget.s3 import Store
from s3upload_widget.s3.extra_args import NAMES


@pytest.mark.parametrize(
    "bucket",
    [
        "lab--use1-az4--x-s3",
        "lab-xa-s3",
        "lab-o01--op-s3",
        "lab--ol-s3",
        "mfzwi23gnjvgw.mrap",
        "arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap",
        "arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/lab",
        "arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/lab",
    ],
)
def test_a_bucket_that_no_page_can_send_to_is_refused(bucket: str) -> None:
    with pytest.raises(UnsupportedBucketError, match="general purpose"):
        Store(bucket)


@pytest.mark.parametrize("bucket", ["", "a/b", "a b", "../x", "x" * 256, "a\n"])
def test_what_cannot_be_a_buckets_name_is_refused(bucket: str) -> None:
    with pytest.raises(RefusedError, match="name of a bucket"):
        Store(bucket)


@pytest.mark.parametrize(
    "url", ["s3.example.org", "ftp://x", "https://", "https://u:p@host", "https://host/?a=1"]
)
def test_an_address_that_no_browser_can_send_to_is_refused(url: str) -> None:
    with pytest.raises(RefusedError, match="browser_endpoint_url"):
        Store("lab-data", browser_endpoint_url=url)


@pytest.mark.parametrize(
    ("extra_args", "complaint"),
    [
        pytest.param({"SSECustomerKey": "k"}, "SSE-C is refused", id="SSE-C"),
        pytest.param({"ChecksumAlgorithm": "CRC32"}, "SHA-256", id="another checksum"),
        pytest.param({"ContentTyp": "x"}, "has no 'ContentTyp'.*ContentType", id="misspelt"),
        pytest.param({"Body": b""}, "has no 'Body'", id="not the user's"),
        pytest.param({"IfNoneMatch": "*"}, "has no 'IfNoneMatch'", id="if_exists decides"),
        pytest.param({"CacheControl": "é"}, "printable ASCII", id="not ASCII"),
        pytest.param({"CacheControl": "a\r\nb: c"}, "printable ASCII", id="a second header"),
        pytest.param({"Metadata": "x"}, "dict of str", id="metadata is no dict"),
        pytest.param({"Metadata": {"a": 1}}, "dict of str", id="a number"),
        pytest.param({"Metadata": {"a b": "1"}}, "header's name", id="a space in a name"),
        pytest.param({"Metadata": {"a": "x" * 2_048}}, "2049 bytes", id="too much"),
        pytest.param({"Metadata": {"a": "é" * 342}}, "2053 bytes", id="too much when encoded"),
    ],
)
def test_extra_args_that_cannot_work_are_refused_at_once(
    extra_args: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RefusedError, match=complaint):
        Store("lab-data", extra_args=extra_args)


def test_the_extra_args_are_all_that_boto3_knows_and_the_user_may_decide() -> None:
    model = boto3.client("s3", region_name="eu-west-1").meta.service_model

    def members(operation: str) -> set[str]:
        shape = model.operation_model(operation).input_shape
        assert shape is not None
        return set(shape.members)

    ours = {"Bucket", "Key"}
    refused = {name for name in members("CreateMultipartUpload") if name.startswith("SSECust")}
    checksums = {name for name in members("CreateMultipartUpload") if name.startswith("Checksum")}
    assert members("CreateMultipartUpload") - ours - refused - checksums == NAMES
    assert members("PutObject") >= NAMES


def test_making_a_store_loads_no_library() -> None:
    code = (
        "import sys; from s3upload_widget.s3 import Store; Store('lab-data');"
        "print({'boto3', 'botocore'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "set()\n"
