from __future__ import annotations

from collections import Counter

import pytest

from s3upload_widget import errors
from s3upload_widget.errors import UploadError, all_errors
from s3upload_widget.s3 import errors as s3errors


@pytest.mark.parametrize("error", all_errors())
def test_every_error_has_a_code_of_its_own(error: type[UploadError]) -> None:
    codes = Counter(each.code for each in all_errors())

    assert codes[error.code] == 1
    assert error.code.replace("_", "").islower()


@pytest.mark.parametrize("error", all_errors())
def test_every_error_says_what_it_stands_for(error: type[UploadError]) -> None:
    assert error.__doc__
    assert error.__name__ in (errors.__doc__ or "")


def test_only_what_passes_by_itself_is_retryable() -> None:
    retryable = [error.__name__ for error in all_errors() if error.retryable]

    assert retryable == ["KeyBusyError", "S3UnavailableError"]


def test_a_codes_home_is_the_tree() -> None:
    assert set(s3errors.CODES.values()) <= set(all_errors())
