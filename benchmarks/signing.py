"""How long the kernel takes to presign a part, beside botocore."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from benchmarks.kernel import client
from benchmarks.running import Run
from s3upload_widget.s3 import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks import running

COUNT: Final = 1000
_SHA256: Final = "A" * 43 + "="
_MD5: Final = "A" * 22 + "=="


def by_botocore(store: running.Store) -> Run:
    """``generate_presigned_url`` with the same headers."""
    botocore = client(store.url)

    def sign(number: int) -> None:
        botocore.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": "b",
                "Key": "big.bin",
                "UploadId": "upload",
                "PartNumber": number,
                "ContentLength": 1 << 24,
                "ChecksumSHA256": _SHA256,
                "ContentMD5": _MD5,
            },
        )

    return _timed(sign)


def by_the_product(store: running.Store) -> Run:
    """As the kernel answers a page."""
    ours = Store("b", client(store.url))
    return _timed(
        lambda number: ours.presign_upload_part(
            "big.bin", "upload", number, size=1 << 24, sha256=_SHA256, md5=_MD5
        )
    )


def _timed(sign: Callable[[int], object]) -> Run:
    sign(1)  # what is loaded once is not a part's
    started = time.perf_counter()
    for number in range(COUNT):
        sign(number + 1)
    return Run(seconds=time.perf_counter() - started, size=0, files=COUNT)
