"""What ``accept`` may say: an entry that would let no file in is refused when the widget is made."""

from __future__ import annotations

import pytest

from s3upload_widget import UploadWidget
from s3upload_widget.errors import RefusedError
from s3upload_widget.options import check_accept


@pytest.mark.parametrize(
    "accept",
    [
        "",
        ".csv",
        ".csv, .parquet",
        "image/*",
        "*",
        "*/*",
        "text/csv",
        ".tar.gz",
        " .CSV ,",
        "application/vnd.ms-excel",
    ],
)
def test_endings_and_types_are_taken(accept: str) -> None:
    check_accept(accept)


@pytest.mark.parametrize(
    ("accept", "likely"),
    [("csv", ".csv"), (".csv,parquet", ".parquet"), ("*.csv", ".csv"), ("CSV", ".CSV"), (".", ".")],
)
def test_what_lets_no_file_in_is_refused_with_what_was_meant(accept: str, likely: str) -> None:
    with pytest.raises(RefusedError, match="neither the ending of a name nor a MIME type") as told:
        UploadWidget("lab-data", accept=accept)

    assert repr(likely) in str(told.value)
