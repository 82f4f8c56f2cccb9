"""Everything that can go wrong, as one tree of exceptions; knows no other module.

::

    UploadError
    ├── RefusedError                the request breaks a rule of the widget or of S3
    │   ├── FileTooLargeError
    │   ├── FileTypeError
    │   ├── KeyRefusedError
    │   ├── UnsupportedBucketError
    │   ├── ObjectExistsError
    │   │   └── IncomparableObjectError
    │   ├── KeyBusyError
    │   └── NotTheSameFileError
    ├── FileChangedError            the file changed after it was picked
    ├── S3Error                     S3 refused; the botocore error is the ``__cause__``
    │   ├── AccessDeniedError
    │   ├── CredentialsError
    │   ├── NoSuchBucketError
    │   ├── NoSuchUploadError
    │   ├── WrongRegionError
    │   ├── ClockSkewError
    │   └── S3UnavailableError
    ├── IntegrityError              the object on S3 does not match the file
    ├── ProtocolError               a message from the page breaks the protocol
    │   ├── UnknownFileError
    │   └── NotOwnerError
    ├── WorkerError                 a worker of an executor could not do its part
    ├── UploadAbortedError
    ├── CannotWaitError
    └── InternalError               a bug in this package

Every class has a ``code``, its name on the wire. A message names the failure, the file or
bucket, and the remedy; it never contains a URL, an upload id or a credential.
"""

from __future__ import annotations

from typing import ClassVar


class UploadError(Exception):
    """Base of every error that this package raises on purpose."""

    code: ClassVar[str] = "upload"
    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later by itself."""


class RefusedError(UploadError):
    """A rule of the widget or of S3 forbids the request."""

    code = "refused"


class FileTooLargeError(RefusedError):
    """The file is larger than ``max_size``, or than S3 allows."""

    code = "too_large"


class FileTypeError(RefusedError):
    """The file's type is not in ``accept``."""

    code = "not_accepted"


class KeyRefusedError(RefusedError):
    """The file's name gives no safe object key, or ``key=`` gave a bad one."""

    code = "key_refused"


class UnsupportedBucketError(RefusedError):
    """This kind of bucket cannot take uploads from a browser."""

    code = "unsupported_bucket"


class ObjectExistsError(RefusedError):
    """Another object already has this key."""

    code = "exists"


class IncomparableObjectError(ObjectExistsError):
    """The same, and S3 reports nothing that tells whether it is this file."""

    code = "incomparable"


class KeyBusyError(RefusedError):
    """Another picked file is using this key; this one may follow and overwrite it."""

    code = "key_busy"
    retryable = True


class NotTheSameFileError(RefusedError):
    """The unfinished upload under this key belongs to another file; nothing was changed."""

    code = "other_file"


class FileChangedError(UploadError):
    """The file was changed, moved or deleted after it was picked."""

    code = "file_changed"


class S3Error(UploadError):
    """S3 refused a request for a reason that has no class of its own."""

    code = "s3"


class AccessDeniedError(S3Error):
    """A permission is missing; the message names the action."""

    code = "access_denied"


class CredentialsError(S3Error):
    """The kernel's credentials are missing, wrong or expired."""

    code = "credentials"


class NoSuchBucketError(S3Error):
    """The bucket does not exist at this endpoint."""

    code = "no_such_bucket"


class NoSuchUploadError(S3Error):
    """The multipart upload is gone: completed, aborted, or removed by a lifecycle rule."""

    code = "no_such_upload"


class WrongRegionError(S3Error):
    """The bucket is in another region than the client."""

    code = "wrong_region"


class ClockSkewError(S3Error):
    """The kernel's clock differs too much from S3's."""

    code = "clock_skew"


class S3UnavailableError(S3Error):
    """S3 cannot be reached, or asks to slow down."""

    code = "unavailable"
    retryable = True


class IntegrityError(UploadError):
    """The object on S3 does not match the file."""

    code = "integrity"


class WorkerError(UploadError):
    """A worker of ``executor=`` died or cannot read the file; what arrived on S3 is kept."""

    code = "worker"


class ProtocolError(UploadError):
    """A message from the page breaks the protocol."""

    code = "invalid_message"


class UnknownFileError(ProtocolError):
    """The kernel does not know this file: it restarted after the file was picked."""

    code = "unknown_file"


class NotOwnerError(ProtocolError):
    """Another page took over the upload; this one may take it back."""

    code = "not_owner"


class UploadAbortedError(UploadError):
    """The upload was aborted and is gone from S3."""

    code = "aborted"


class CannotWaitError(UploadError):
    """The kernel hears no page while this cell runs, so waiting would never end."""

    code = "cannot_wait"


class InternalError(UploadError):
    """A bug in this package; please report it."""

    code = "internal"


def all_errors() -> tuple[type[UploadError], ...]:
    """Return every class of the tree, the base first, depth first."""

    def below(cls: type[UploadError]) -> list[type[UploadError]]:
        return [cls, *(found for sub in cls.__subclasses__() for found in below(sub))]

    return tuple(below(UploadError))
