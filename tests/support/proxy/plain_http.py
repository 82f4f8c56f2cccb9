"""A plain HTTP client, to see on the wire what the proxy does."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from support.proxy.proxy import FaultyProxy

MIB: Final = 1 << 20
PART: Final = "/lab/run7?partNumber=3&uploadId=U"


class Answered:
    """What a plain HTTP client was told, status 0 if nothing."""

    def __init__(
        self, proxy: FaultyProxy, method: str, target: str, body: bytes = b"", **headers: str
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
        self.status = 0
        self.body = b""
        self.headers: dict[str, str] = {}
        try:
            connection.request(method, target, body, {"Origin": "http://page.test", **headers})
            response = connection.getresponse()
            self.status = response.status
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            self.body = response.read()
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()


def put(
    proxy: FaultyProxy, target: str = PART, body: bytes = b"x" * MIB, **headers: str
) -> Answered:
    """PUT a body."""
    return Answered(proxy, "PUT", target, body, **headers)


def target_of(url: str) -> str:
    """Leave out scheme and host."""
    return url[url.index("/", len("http://")) :]


def presigned_target(client: S3Client, bucket: str, key: str) -> str:
    """Presign a PUT, and leave out scheme and host."""
    params = {"Bucket": bucket, "Key": key}
    return target_of(client.generate_presigned_url("put_object", Params=params))
