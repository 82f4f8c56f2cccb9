"""Upload files of any size from a notebook's page straight to S3, resumable and verified.

Names are loaded when they are first used: importing the package loads neither boto3 nor a
widget library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from s3upload_widget.checksum_files import write_checksums
    from s3upload_widget.doctor import Finding, Report, check_bucket
    from s3upload_widget.errors import (
        AccessDeniedError,
        CannotWaitError,
        CredentialsError,
        FileChangedError,
        IntegrityError,
        NotTheSameFileError,
        ObjectExistsError,
        RefusedError,
        S3Error,
        UnsupportedBucketError,
        UploadAbortedError,
        UploadError,
        WorkerError,
    )
    from s3upload_widget.local import serve_local_s3
    from s3upload_widget.results import FileStatus, PickedFile, Unfinished, UploadedFile
    from s3upload_widget.unfinished import abort_unfinished, list_unfinished
    from s3upload_widget.uploader import upload_file, upload_files, upload_stream
    from s3upload_widget.widget import UploadWidget

__all__ = [
    "AccessDeniedError",
    "CannotWaitError",
    "CredentialsError",
    "FileChangedError",
    "FileStatus",
    "Finding",
    "IntegrityError",
    "NotTheSameFileError",
    "ObjectExistsError",
    "PickedFile",
    "RefusedError",
    "Report",
    "S3Error",
    "Unfinished",
    "UnsupportedBucketError",
    "UploadAbortedError",
    "UploadError",
    "UploadWidget",
    "UploadedFile",
    "WorkerError",
    "abort_unfinished",
    "check_bucket",
    "list_unfinished",
    "serve_local_s3",
    "upload_file",
    "upload_files",
    "upload_stream",
    "write_checksums",
]

_HOMES: Final = {
    "FileStatus": "results",
    "Finding": "doctor",
    "PickedFile": "results",
    "Report": "doctor",
    "Unfinished": "results",
    "UploadWidget": "widget",
    "UploadedFile": "results",
    "abort_unfinished": "unfinished",
    "check_bucket": "doctor",
    "list_unfinished": "unfinished",
    "serve_local_s3": "local",
    "upload_file": "uploader",
    "upload_files": "uploader",
    "upload_stream": "uploader",
    "write_checksums": "checksum_files",
}
"""The door that a name is behind, if not ``errors``."""


def __getattr__(name: str) -> object:
    """Load a public name at its first use (PEP 562)."""
    if name == "__version__":
        value: object = import_module("importlib.metadata").version("s3upload-widget")
    elif name in __all__:
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return [*__all__, "__version__"]
