"""The command that a fix names asks the very same server."""

from __future__ import annotations

import pytest

from s3upload_widget.doctor.connection import endpoint_option
from s3upload_widget.s3 import Store, connect


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s3.example.org:9000", "https://s3.example.org:9000"),
        ("https://s3.example.org/storage/s3", "https://s3.example.org/storage/s3"),
        ("https://s3.example.org/storage/", "https://s3.example.org/storage"),
        ("https://me:secret@s3.example.org/a", "https://s3.example.org/a"),
    ],
)
def test_a_fix_keeps_the_path_of_the_endpoint(address: str, expected: str) -> None:
    store = Store("lab", connect(endpoint_url=address, access_key="a", secret_key="b"))

    assert endpoint_option(store) == f" --endpoint-url {expected}"
