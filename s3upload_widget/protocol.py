"""Every message between the page and the kernel, and nothing else.

The page sends a request in an envelope; the kernel sends exactly one reply to each, or
``failed``. Requests are idempotent, so the page simply sends one again when no reply comes. The
kernel sends messages of its own only to pass on orders and to have an address tried, and repeats
them until the page has reported the result: losing a message is harmless.

``js/src/protocol.ts`` is generated from this module by ``js/generate_protocol.py``.
Content from the page is hostile until :func:`decode` has accepted it. Knows no comm and no S3.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

import msgspec
from msgspec import Meta, Struct

from s3upload_widget.errors import ProtocolError
from s3upload_widget.results import FileState, VerifiedBy

VERSION: Final = 1
MAX_BATCH: Final = 100
"""Parts signed, or small files completed, with one request."""
MAX_PICK: Final = 1_000
"""Files picked with one request; the page cuts a larger pick."""
MAX_REMEMBERED: Final = 200
"""Uploads that one browser may name, and that are shown one by one."""
ALMOST_DONE: Final = 0.999
"""The most that ``progress`` shows before every file is proven."""

FileId: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")]
"""The page's own random name for one picked file."""
Sha256: TypeAlias = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9+/]{43}=\Z")]
"""Base64, as in ``x-amz-checksum-sha256``."""
Sha256Hex: TypeAlias = Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")]
"""Hexadecimal, as ``sha256sum`` prints it; ``""`` if not computed."""
Md5: TypeAlias = Annotated[str, Meta(pattern=r"\A([A-Za-z0-9+/]{22}==)?\Z")]
"""Base64, as in ``Content-MD5``; ``""`` if not computed."""
PartNumber: TypeAlias = Annotated[int, Meta(ge=1, le=10_000)]
Bytes: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Text: TypeAlias = Annotated[str, Meta(max_length=4_096)]
UploadId: TypeAlias = Annotated[str, Meta(min_length=1, max_length=1_024)]
"""S3's name of a multipart upload. A secret: memory only."""
WaitingFor: TypeAlias = Literal["", "kernel", "network", "file"]
WidgetState: TypeAlias = FileState | Literal["idle"]
PRECEDENCE: Final[tuple[WidgetState, ...]] = (
    *("uploading", "completing", "checking", "waiting", "paused", "queued"),
    *("failed", "done", "idle"),
)
"""A widget is in the first of these states that any of its files is in; without files ``idle``."""
Speed: TypeAlias = Literal["prompt", "quick", "slow", "deleting", "relaying"]
"""How long a reply takes: ``prompt`` asks nothing of S3; ``quick`` makes a few calls; ``slow`` may
keep S3 busy for minutes; ``deleting`` is sent again until S3 answers, and nothing waits for it;
``relaying`` lasts as long as a part is on its way, and the lanes bound how many there are.
Each but ``prompt`` has a queue of its own, so that none waits behind a slower one."""
Transport: TypeAlias = Literal["auto", "direct", "relay"]
"""How parts get to S3: ``direct`` from the page, ``relay`` through the kernel, or ``auto``."""
MAX_FRAME: Final = 4_194_304
"""Bytes of a part that one message carries at most: Jupyter's websocket closes at 10 MiB."""
LEAST_FRAME: Final = 65_536
"""Bytes of a part that one message carries at least, unless the part ends: what a host of notebooks
loses because it is too large arrives in halves."""
KernelObstacle: TypeAlias = Literal[
    "cors",
    "body_limit",
    "request_changed",
    "refused_by_proxy",
    "gateway",
    "unavailable",
    "unreachable_from_page",
    "untrusted_certificate",
    "mixed_content",
]
"""Why a page gets no answer from a store, as far as the kernel finds out."""
PageObstacle: TypeAlias = Literal[
    "content_security_policy",
    "local_network_denied",
    "local_network_insecure",
    "local_network_frame",
    "blocked",
]
"""The same, as far as the page itself sees it; its word counts first."""
Obstacle: TypeAlias = KernelObstacle | PageObstacle
Space: TypeAlias = Literal["public", "local", "loopback"]
"""The network that an address is of."""
Relay: TypeAlias = Literal["cures", "may_help", "useless"]
"""Whether the kernel gets parts through where the page does not."""


class Handling(NamedTuple):
    """How an obstacle is handled."""

    waits: bool
    """Whether files wait, because it may go by itself, or because the page sees the moment when
    the user removes it; else they fail with its sentence."""
    relay: Relay


OBSTACLES: Final[dict[Obstacle, Handling]] = {
    "cors": Handling(waits=False, relay="cures"),
    "body_limit": Handling(waits=False, relay="cures"),
    "request_changed": Handling(waits=False, relay="cures"),
    "refused_by_proxy": Handling(waits=False, relay="cures"),
    "gateway": Handling(waits=True, relay="may_help"),
    "unavailable": Handling(waits=True, relay="useless"),
    "unreachable_from_page": Handling(waits=True, relay="may_help"),
    "untrusted_certificate": Handling(waits=True, relay="useless"),
    "mixed_content": Handling(waits=False, relay="cures"),
    "content_security_policy": Handling(waits=False, relay="cures"),
    "local_network_denied": Handling(waits=True, relay="cures"),
    "local_network_insecure": Handling(waits=False, relay="cures"),
    "local_network_frame": Handling(waits=False, relay="cures"),
    "blocked": Handling(waits=False, relay="cures"),
}
"""Every obstacle."""


class Message(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag=lambda name: "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_"),
):
    """Base of everything with a ``kind``."""


class Record(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of records inside messages."""


class Hello(Message, frozen=True):
    """The page has loaded, for the first time or again."""

    version: int
    origin: Text
    """``location.origin`` of the page."""


class FetchPageCode(Message, frozen=True):
    """The page has no model that holds the code of all widgets; the first module asks for it."""


class Pick(Record, frozen=True):
    """One file that the user picked."""

    file_id: FileId
    name: Text
    path: Text
    """Path inside a dropped folder, else the name."""
    size: Bytes
    type: Text
    last_modified: Annotated[float, Meta(ge=-8.64e15, le=8.64e15)]
    """Milliseconds since 1970, as ``File.lastModified``."""
    if_exists: Literal["", "overwrite", "rename", "read"]
    """The user's answer to a conflict; ``""`` before there was one. ``read``: have the object read
    back, however large it is, and compared."""
    twin: bool
    """Whether the page has another file of this path, size and date, which has other bytes:
    this one is no second pick of it."""
    key: Text
    """Of the unfinished upload that this file resumes; ``""`` lets the kernel decide."""
    upload_id: Annotated[str, Meta(max_length=1_024)]
    """That upload's; ``""`` lets the kernel find or create one."""


class PickFiles(Message, frozen=True):
    """Name the files of one pick; the kernel decides their keys, and refuses some."""

    origin: Text
    """``location.origin`` of the page."""
    files: Annotated[list[Pick], Meta(min_length=1, max_length=MAX_PICK)]


class CreateMultipartUpload(Message, frozen=True):
    """Create the upload of a file of several parts, or find one that this file may resume."""

    file_id: FileId
    refused: Annotated[list[UploadId], Meta(max_length=100)]
    """Uploads that were found before, with parts that are not this file's."""


class CompareObject(Message, frozen=True):
    """Ask whether the object that the key has is this file, before a byte is sent."""

    file_id: FileId
    part_size: Bytes
    """Of the cut that was tried; 0 before the first."""
    parts_sha256: Annotated[list[Sha256], Meta(max_length=10_000)]
    """Of part 1, 2, …; empty where one part differs."""
    parts_md5: Annotated[list[Md5], Meta(max_length=10_000)]
    """Of part 1, 2, …; empty unless the kernel asked for them."""
    sha256: Sha256Hex
    """Of the whole file; a file of one part has only one."""


class PartRefusal(Record, frozen=True):
    """S3's refusal of a part that the page sent."""

    status: Annotated[int, Meta(ge=0, le=999)]
    s3_code: Annotated[str, Meta(max_length=64)]
    said: Annotated[str, Meta(max_length=200)]
    """S3's own words, without secrets."""
    headers: Annotated[list[Text], Meta(max_length=200)]
    """Names of those that were sent with it."""


class PartChecksums(Record, frozen=True):
    """One part that was hashed."""

    file_id: FileId
    part_number: PartNumber
    sha256: Sha256
    md5: Md5
    refused: Annotated[list[PartRefusal], Meta(max_length=1)]
    """The answer to its last PUT, if that was a refusal: the next one may have to be another."""
    perhaps_stored: bool
    """Whether the whole part left the page before, and no answer told what became of it."""


class PresignParts(Message, frozen=True):
    """Presign URLs that carry exactly these parts; S3 is asked first for those perhaps stored."""

    parts: Annotated[list[PartChecksums], Meta(min_length=1, max_length=MAX_BATCH)]
    origins: Annotated[list[Text], Meta(max_length=MAX_BATCH)]
    """Where each of the parts is to be sent, of ``routes_found``; shorter than ``parts``, or with
    a name that is none of the store's, the store's first name is meant."""


class RelayPart(Message, frozen=True):
    """Send a part to S3 from the kernel, which requests its bytes by ``wanted`` meanwhile.

    S3 is asked first for one that is perhaps stored.
    """

    stream: FileId
    """The page's random name for this try; the same name again gets the same answer."""
    part: PartChecksums


class RelayFrame(Message, frozen=True):
    """Bytes that the kernel wanted, as the message's one binary buffer."""

    stream: FileId
    offset: Bytes
    """Inside the part."""


class EndRelay(Message, frozen=True):
    """The page sends no more of this part: it was paused or aborted."""

    stream: FileId


class TryFrame(Message, frozen=True):
    """Find out how many bytes of a buffer arrive: not every host passes buffers on."""


class CompleteMultipartUpload(Message, frozen=True):
    """All parts were sent: complete the object and prove it."""

    file_id: FileId
    parts_sha256: Annotated[list[Sha256], Meta(min_length=1, max_length=10_000)]
    """Of part 1, 2, …"""
    parts_md5: Annotated[list[Md5], Meta(max_length=10_000)]
    """Of part 1, 2, …; empty unless the kernel asked for them."""
    sha256: Sha256Hex
    """Of the whole file."""
    taken: bool
    """Whether S3 refused the one PUT because the key has an object: perhaps by its first try."""
    etag: Annotated[str, Meta(max_length=1_024)]
    """Of S3's answer to the one PUT; ``""`` where the page may not read it."""


class CompleteFiles(Message, frozen=True):
    """Complete and prove several small files at once: each was sent with one PUT."""

    files: Annotated[list[CompleteMultipartUpload], Meta(min_length=1, max_length=MAX_BATCH)]


class AbortMultipartUpload(Message, frozen=True):
    """Delete what S3 holds of this unfinished file, and forget it.

    An upload that was found, with no byte compared yet, is not the file's: it stays.
    """

    file_id: FileId


class ForgetFile(Message, frozen=True):
    """Forget a file, so that it can be picked again; what S3 holds of it stays."""

    file_id: FileId


class KnownUpload(Record, frozen=True):
    """An upload that was started and not finished."""

    key: Annotated[str, Meta(min_length=1, max_length=1_024)]
    upload_id: UploadId


class ListUnfinished(Message, frozen=True):
    """List the unfinished uploads at this destination, of everybody."""

    remembered: Annotated[list[KnownUpload], Meta(max_length=MAX_REMEMBERED)]
    """Uploads that this browser started, newest first; used where S3 denies the list."""
    others: bool
    """Whether uploads that neither this kernel nor this browser started are wanted one by one."""


class AbortUnfinished(Message, frozen=True):
    """Delete what S3 holds of an upload, also where the kernel knows no file of it."""

    file_id: Annotated[str, Meta(pattern=r"\A([A-Za-z0-9_-]{8,64})?\Z")]
    """Of the page's own file that resumed it, which another page may have taken over since; ``""``
    where the user discards an offer, even if a page has resumed it."""
    upload: KnownUpload


class Diagnose(Message, frozen=True):
    """The page got no answer from S3: the kernel is asked for the reason."""

    file_id: FileId
    origin: Text


class FindRoutes(Message, frozen=True):
    """Find out which names of the store let this page in, and whether with credentials, too."""

    file_id: FileId
    """Of any file that goes there."""
    origin: Text
    """``location.origin`` of the page."""


class PartInFlight(Record, frozen=True):
    """A part on the wire."""

    part_number: PartNumber
    bytes_sent: Bytes


class FileProgress(Record, frozen=True):
    """The progress of one file; only files that changed are reported."""

    file_id: FileId
    state: FileState
    waiting_for: WaitingFor
    error: Text
    bytes_done: Bytes
    parts_done: Count
    parts_in_flight: Annotated[list[PartInFlight], Meta(max_length=64)]


class Summary(Record, frozen=True):
    """The sums over all files of the widget."""

    state: WidgetState
    waiting_for: WaitingFor
    progress: Annotated[float, Meta(ge=0, le=1)]
    bytes_done: Bytes
    bytes_total: Bytes
    rate: Annotated[float, Meta(ge=0, le=1e15)]
    """Bytes a second."""
    eta: Annotated[float, Meta(ge=-1, le=1e15)]
    """Seconds; -1 if unknown."""
    error: Text


class Tried(Record, frozen=True):
    """The result of the newest ``reach``."""

    number: Count
    """Of that ``reach``; 0 if there was none."""
    reached: bool


class ReportProgress(Message, frozen=True):
    """The progress of everything. One at a time is on its way; the newest wins."""

    number: Count
    """Grows with each report; an older one that comes late is ignored."""
    summary: Summary
    files: Annotated[list[FileProgress], Meta(max_length=MAX_PICK)]
    removed: Annotated[list[FileId], Meta(max_length=MAX_PICK)]
    """Files that left the list."""
    last_order: Count
    """The newest order that was carried out."""
    tried: Tried


class HandOver(Message, frozen=True):
    """Another widget of the page has these files from now on."""

    file_ids: Annotated[list[FileId], Meta(max_length=MAX_PICK)]


class Order(Record, frozen=True):
    """An order of a cell to the page."""

    number: Count
    verb: Literal["pause", "resume", "abort", "clear"]
    file_ids: list[FileId]
    """Which files; empty means all."""


class Welcome(Message, frozen=True):
    """The reply to ``hello``: facts about this widget that the page needs."""

    destination: str
    """``s3://bucket/prefix``, for people."""
    transport: Transport
    multiple: bool
    directory: bool
    orders: list[Order]


class PlannedFile(Message, frozen=True):
    """The file has a key and a plan."""

    file_id: str
    key: str
    uri: str
    part_size: int
    """Bytes."""
    parts_total: int
    hash_file: bool
    """Whether the SHA-256 of the whole file is wanted."""
    md5: bool
    """Whether parts need their MD5 too."""
    compare: bool
    """Whether the key has an object that may be this very file: ``compare_object`` comes first."""
    store: str
    """``scheme://host`` that the parts go to: each such origin has one pool."""
    endpoint: str
    """The kernel's address of the store, for code that reads the file; ``""`` where that is AWS."""


class RefusedFile(Message, frozen=True):
    """The file cannot be uploaded as it is."""

    file_id: str
    code: str
    message: str
    retryable: bool


class FilesPicked(Message, frozen=True):
    """The reply to ``pick_files``, in its order."""

    files: list[PlannedFile | RefusedFile]
    obstacles: list[Diagnosed]
    """What keeps this page from the store, as far as it is known before a byte; one item at most."""


class FoundPart(Record, frozen=True):
    """A part that S3 holds already; it counts once the file is known to have the same bytes."""

    part_number: int
    size: int
    """Bytes."""
    sha256: str
    """Base64; ``""`` where the store does not list it."""
    md5: str
    """Base64, from the ETag; ``""`` where that is not an MD5."""


class MultipartUploadCreated(Message, frozen=True):
    """The upload is open; it may have been created on an earlier day."""

    file_id: str
    upload_id: str
    found: list[FoundPart]
    part_size: int
    """Bytes."""
    parts_total: int
    md5: bool
    """Whether parts need their MD5 too."""
    without: list[str]
    """Names in ``extra_args`` that do not come into effect: the upload was created without them."""


class ObjectCut(Message, frozen=True):
    """The object was, or may have been, made of these parts: hash the file so, and ask again."""

    file_id: str
    part_size: int
    """Bytes."""
    parts_total: int
    md5: bool
    """Whether parts need their MD5 too."""
    found: list[FoundPart]
    """The parts with checksums that S3 reports: the first that differs ends the comparison."""


class ObjectGone(Message, frozen=True):
    """The key has no object any more: upload the file."""

    file_id: str


class PresignedPart(Message, frozen=True):
    """A URL that carries exactly one part. A secret: memory only."""

    file_id: str
    part_number: int
    url: str
    headers: dict[str, str]
    """To be sent unchanged; the browser adds ``host`` and ``content-length``."""
    expires_in: float
    """Seconds."""


class RefusedPart(Message, frozen=True):
    """A part for which no URL was presigned."""

    file_id: str
    part_number: int
    code: str
    message: str
    retryable: bool


class StoredPart(Message, frozen=True):
    """A part that S3 holds already, with these very bytes: it is not sent again."""

    file_id: str
    part_number: int


class PartsPresigned(Message, frozen=True):
    """The reply to ``presign_parts``, in its order."""

    parts: list[PresignedPart | RefusedPart | StoredPart]


class PartAnswered(Message, frozen=True):
    """S3's answer to a part that the kernel sent."""

    status: int
    etag: str
    """Verbatim; ``""`` if there is none."""
    document: str
    """Of a refusal, at most its first 16 KiB; else ``""``."""


class PartUnanswered(Message, frozen=True):
    """The part came to no answer of S3."""

    starved: bool
    """Whether that is because the kernel waited too long for the page's bytes."""


class FrameTaken(Message, frozen=True):
    """A frame arrived, whether or not it was of use."""

    size: int
    """Bytes of the buffer; 0 if none arrived."""


class RelayEnded(Message, frozen=True):
    """The kernel has dropped what it had of the part."""

    stream: str


class MultipartUploadCompleted(Message, frozen=True):
    """The object is on S3 and proven equal to the file."""

    file_id: str
    uri: str
    sha256: str
    verified_by: VerifiedBy
    without: list[str]
    """Names in ``extra_args`` that did not come into effect: the object was there already."""


class PartsMissing(Message, frozen=True):
    """S3 does not show these parts as they were sent: send them again."""

    file_id: str
    part_numbers: list[int]


class PageCodeFetched(Message, frozen=True):
    """The reply to ``fetch_page_code``: the packed script, and the style sheet."""

    script: str
    style: str


class FilesCompleted(Message, frozen=True):
    """The reply to ``complete_files``, in its order."""

    files: list[MultipartUploadCompleted | PartsMissing | RefusedFile]


class MultipartUploadAborted(Message, frozen=True):
    """S3 holds nothing of this file any more."""

    file_id: str


class FileForgotten(Message, frozen=True):
    """The kernel has forgotten the file."""

    file_id: str


class UnfinishedUpload(Record, frozen=True):
    """An upload that may be resumed."""

    key: str
    upload_id: str
    name: str
    uri: str
    size: int
    """Bytes of the file; -1 if the kernel does not know. S3 does not report it."""
    bytes_done: int
    """Bytes of the parts that S3 lists."""
    parts_done: int
    started: float
    """Milliseconds since 1970, as the next."""
    last_part_at: float
    """``started`` if there is no part."""
    initiator: str
    """``""`` where S3 does not report it."""
    own: bool
    """Whether this kernel or the asking browser started it."""
    held: bool
    """Whether a page has picked the file for it, and may be sending."""


class Denial(Record, frozen=True):
    """Why S3 did not show everything."""

    code: str
    message: str
    """Includes what to do."""


class UnfinishedListed(Message, frozen=True):
    """The reply to ``list_unfinished``, the newest first."""

    store: str
    """``scheme://host``, as in plans."""
    uploads: list[UnfinishedUpload]
    gone: list[str]
    """Ids of remembered uploads that S3 does not know any more."""
    others: int
    """The number of other people's uploads."""
    denied: list[Denial]
    """One item where S3 did not show all, else none."""


class UnfinishedAborted(Message, frozen=True):
    """S3 holds nothing of the upload any more."""

    key: str


class Diagnosed(Message, frozen=True):
    """The kernel's diagnosis."""

    cause: KernelObstacle
    message: str
    relay: Relay
    """As in ``OBSTACLES``; ``useless`` where the kernel would have to send the same way."""
    space: Space
    """Of the store, if its network is more private than the page's, as far as the kernel knows the
    names of both; else ``public``."""


class Route(Record, frozen=True):
    """One of the names of a store."""

    origin: str
    """``scheme://host``; the first of all is the store's name in plans."""
    credentials: bool
    """Whether requests may carry credentials: browsers keep other connections for those."""


class RoutesFound(Message, frozen=True):
    """The reply to ``find_routes``: one name at least."""

    routes: list[Route]


class ProgressNoted(Message, frozen=True):
    """The reply to ``report_progress``."""

    orders: list[Order]
    """Orders that the page has not acknowledged yet."""
    lost: list[str]
    """Ids of files that another page uploads now: this page has to stop."""


class Failed(Message, frozen=True):
    """The request failed."""

    code: str
    message: str
    retryable: bool


class Orders(Message, frozen=True):
    """An event: orders that were not acknowledged yet."""

    orders: list[Order]


class Reach(Message, frozen=True):
    """An event: the page has to report whether it reaches an address."""

    number: Count
    """Grows with each ``reach``; results of older ones are ignored."""
    address: str
    """``scheme://host`` of the store."""


class ObjectRead(Message, frozen=True):
    """An event: the kernel reads an object back to compare it. Losing one is harmless."""

    file_id: str
    bytes_read: int


class Wanted(Message, frozen=True):
    """An event: the page has to send these bytes of a part. It comes again until they arrive."""

    stream: str
    offset: int
    """Inside the part."""
    size: int
    """Bytes, ``MAX_FRAME`` at most."""


Request: TypeAlias = (
    Hello
    | FetchPageCode
    | PickFiles
    | CompareObject
    | CreateMultipartUpload
    | PresignParts
    | RelayPart
    | RelayFrame
    | EndRelay
    | TryFrame
    | CompleteMultipartUpload
    | CompleteFiles
    | AbortMultipartUpload
    | ForgetFile
    | ListUnfinished
    | AbortUnfinished
    | Diagnose
    | FindRoutes
    | ReportProgress
    | HandOver
)
Reply: TypeAlias = (
    Welcome
    | PageCodeFetched
    | FilesPicked
    | ObjectCut
    | ObjectGone
    | MultipartUploadCreated
    | PartsPresigned
    | PartAnswered
    | PartUnanswered
    | StoredPart
    | FrameTaken
    | RelayEnded
    | MultipartUploadCompleted
    | PartsMissing
    | FilesCompleted
    | MultipartUploadAborted
    | FileForgotten
    | UnfinishedListed
    | UnfinishedAborted
    | Diagnosed
    | RoutesFound
    | ProgressNoted
    | Failed
)


class Kind(NamedTuple):
    """What both sides know of one kind of request."""

    replies: tuple[type[Message], ...]
    """The possible replies, besides ``failed``."""
    speed: Speed


KINDS: Final[dict[type[Message], Kind]] = {
    Hello: Kind((Welcome,), "prompt"),
    FetchPageCode: Kind((PageCodeFetched,), "prompt"),
    PickFiles: Kind((FilesPicked,), "quick"),
    CompareObject: Kind((MultipartUploadCompleted, ObjectCut, ObjectGone), "slow"),
    CreateMultipartUpload: Kind((MultipartUploadCreated,), "quick"),
    PresignParts: Kind((PartsPresigned,), "quick"),
    RelayPart: Kind((PartAnswered, PartUnanswered, StoredPart), "relaying"),
    RelayFrame: Kind((FrameTaken,), "prompt"),
    EndRelay: Kind((RelayEnded,), "prompt"),
    TryFrame: Kind((FrameTaken,), "prompt"),
    CompleteMultipartUpload: Kind((MultipartUploadCompleted, PartsMissing), "slow"),
    CompleteFiles: Kind((FilesCompleted,), "slow"),
    AbortMultipartUpload: Kind((MultipartUploadAborted,), "deleting"),
    ForgetFile: Kind((FileForgotten,), "quick"),
    ListUnfinished: Kind((UnfinishedListed,), "quick"),
    AbortUnfinished: Kind((UnfinishedAborted,), "deleting"),
    Diagnose: Kind((Diagnosed,), "quick"),
    FindRoutes: Kind((RoutesFound,), "quick"),
    ReportProgress: Kind((ProgressNoted,), "prompt"),
    HandOver: Kind((ProgressNoted,), "prompt"),
}
"""Every kind of request."""


class RequestEnvelope(Record, frozen=True):
    """How a request travels. The field is ``rid``: ipykernel 7.4 gives ``id`` a meaning."""

    rid: Annotated[str, Meta(min_length=1, max_length=64)]
    client: FileId
    """The page's random name of itself."""
    request: Request


class ReplyEnvelope(Record, frozen=True):
    """How a reply travels."""

    rid: str
    client: str
    reply: Reply


class EventEnvelope(Record, frozen=True):
    """How an event travels."""

    event: Orders | Reach | ObjectRead | Wanted


def decode(content: object) -> RequestEnvelope:
    """Check and type what came from the page.

    Raises:
        ProtocolError: It breaks the protocol in any way.
    """
    try:
        return msgspec.convert(content, RequestEnvelope, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        msg = f"the page sent a message that breaks the protocol: {str(error)[:300]}"
        raise ProtocolError(msg) from error


def encode(envelope: ReplyEnvelope | EventEnvelope) -> dict[str, Any]:
    """Return plain data that JSON can carry."""
    encoded: dict[str, Any] = msgspec.to_builtins(envelope)
    return encoded
