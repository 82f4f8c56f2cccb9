"""A page without a browser: it asks a service in process and PUTs parts over plain HTTP."""

from __future__ import annotations

import hashlib
import http.client
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from s3upload_widget import checksums
from s3upload_widget.parts import Limits
from s3upload_widget.protocol import (
    AbortMultipartUpload,
    CompareObject,
    CompleteMultipartUpload,
    CreateMultipartUpload,
    Failed,
    FilesPicked,
    FoundPart,
    KnownUpload,
    MultipartUploadCompleted,
    MultipartUploadCreated,
    ObjectCut,
    PartChecksums,
    PartRefusal,
    PartsPresigned,
    Pick,
    PickFiles,
    PlannedFile,
    PresignedPart,
    PresignParts,
    RefusedFile,
    RefusedPart,
    StoredPart,
)
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from s3upload_widget.protocol import Reply
    from support.servers.servers import S3Server

ORIGIN: Final = "http://localhost:8888"
NOTHING: Final = KnownUpload(key="", upload_id="")
SMALL: Final = Limits(min_part_size=4, max_part_size=64, max_parts=100, default_part_size=8)
"""What ministack takes, which knows no least part size."""
DATA: Final = b"0123456789abcdefXYZ"
"""Three parts of at most 8 bytes."""
SINGLE: Final = b"hello"
"""One part."""
LARGE: Final = b"x" * (5 << 20) + b"tail"
"""Two parts that every server takes, as S3 does."""


NO_CONDITIONS: Final = PartRefusal(
    status=501, s3_code="NotImplemented", said="", headers=["if-none-match"]
)
"""Of a server that does not know ``If-None-Match``."""


@dataclass(frozen=True)
class Answered:
    """What S3 answered to a PUT."""

    status: int
    body: str

    @property
    def code(self) -> str:
        """S3's error code, empty if there is none."""
        return self.body.partition("<Code>")[2].partition("</Code>")[0]


def put(url: str, headers: Mapping[str, str], body: bytes) -> Answered:
    """PUT as a browser does: the given headers, Host and Content-Length, and no other."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    try:
        connection.putrequest("PUT", f"{parts.path}?{parts.query}", skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answered(answer.status, answer.read().decode(errors="replace"))
    finally:
        connection.close()


@dataclass
class Sender:
    """One file, picked on a page that keeps to the protocol."""

    service: Service
    data: bytes
    name: str = "run7.csv"
    file_id: str = "file_0001"
    type: str = "text/csv"
    if_exists: str = ""
    md5: bool = False
    continues: KnownUpload = NOTHING
    taken: bool = False
    refused: list[PartRefusal] = field(default_factory=list)
    perhaps_stored: bool = False
    twin: bool = False
    etag: str = ""
    plan: PlannedFile = field(init=False)

    def pick(self) -> PlannedFile | RefusedFile:
        """Pick the file."""
        reply = self.service.handle(PickFiles(origin=ORIGIN, files=[self.as_pick()]))
        assert isinstance(reply, FilesPicked), reply
        answer = reply.files[0]
        if isinstance(answer, PlannedFile):
            self.plan, self.md5 = answer, answer.md5
        return answer

    def open(self) -> None:
        """Pick the file, which is taken, and open its upload if it has several parts."""
        answer = self.pick()
        assert isinstance(answer, PlannedFile), answer
        refused: list[str] = []
        while answer.parts_total > 1:
            request = CreateMultipartUpload(file_id=self.file_id, refused=refused)
            created = self.service.handle(request)
            assert isinstance(created, MultipartUploadCreated), created
            self.md5 = created.md5
            if not created.found or any(map(self._has, created.found)):
                break
            refused = [*refused, created.upload_id]

    def create(self) -> MultipartUploadCreated:
        """Pick the file, which is taken, and have its upload found or created."""
        assert isinstance(self.pick(), PlannedFile)
        reply = self.service.handle(CreateMultipartUpload(file_id=self.file_id, refused=[]))
        assert isinstance(reply, MultipartUploadCreated), reply
        return reply

    def refusal(self) -> RefusedFile:
        """Pick the file, which is not taken."""
        answer = self.pick()
        assert isinstance(answer, RefusedFile), answer
        return answer

    def _has(self, found: FoundPart) -> bool:
        mine = self.checksums_of(found.part_number)
        return found.sha256 == mine.sha256 if found.sha256 else found.md5 == mine.md5

    def compare(self) -> tuple[Reply, list[ObjectCut]]:
        """Hash the file as the kernel asks for it, until it has decided; tells the cuts too."""
        cuts: list[ObjectCut] = []
        reply = self.ask_to_compare()
        while isinstance(reply, ObjectCut):
            cuts.append(reply)
            reply = self.ask_to_compare(reply.part_size)
        return reply, cuts

    def ask_to_compare(self, part_size: int = 0) -> Reply:
        """Ask once, with the checksums of parts of this size; 0 is to have hashed nothing yet."""
        starts = range(0, max(1, len(self.data)), part_size) if part_size else ()
        parts = [self.data[start : start + part_size] for start in starts]
        return self.service.handle(
            CompareObject(
                file_id=self.file_id,
                part_size=part_size,
                parts_sha256=[checksums.sha256(part) for part in parts],
                parts_md5=[checksums.md5(part) for part in parts],
                sha256=hashlib.sha256(self.data).hexdigest(),
            )
        )

    def presign(self, *numbers: int) -> list[PresignedPart | RefusedPart | StoredPart]:
        """Have parts signed."""
        parts = [self.checksums_of(number) for number in numbers]
        reply = self.service.handle(PresignParts(parts=parts, origins=[]))
        assert isinstance(reply, PartsPresigned), reply
        return reply.parts

    def send(self, *numbers: int) -> list[Answered]:
        """Have parts signed, and send them; all of them if none is named."""
        wanted = numbers or range(1, self.plan.parts_total + 1)
        presigned = self.presign(*wanted)
        answers = [
            put(part.url, part.headers, self.part(part.part_number))
            for part in presigned
            if isinstance(part, PresignedPart)
        ]
        self.taken = any(answer.status == 412 for answer in answers)
        return answers

    def complete(self) -> Reply:
        """Say that everything was sent."""
        return self.service.handle(self.as_complete())

    def as_complete(self) -> CompleteMultipartUpload:
        """What the page says when everything was sent."""
        hashed = [self.checksums_of(n) for n in range(1, self.plan.parts_total + 1)]
        return CompleteMultipartUpload(
            file_id=self.file_id,
            parts_sha256=[part.sha256 for part in hashed],
            parts_md5=[part.md5 for part in hashed] if self.md5 else [],
            sha256=hashlib.sha256(self.data).hexdigest(),
            taken=self.taken,
            etag=self.etag,
        )

    def upload(self) -> Reply:
        """Do everything."""
        self.open()
        assert all(answer.status == 200 for answer in self.send())
        return self.complete()

    def abort(self) -> Reply:
        """Discard the file."""
        return self.service.handle(AbortMultipartUpload(file_id=self.file_id))

    def part(self, number: int) -> bytes:
        """The bytes of a part."""
        start = (number - 1) * self.plan.part_size
        return self.data[start : start + self.plan.part_size]

    def checksums_of(self, number: int) -> PartChecksums:
        """What the page tells of a part."""
        part = self.part(number)
        return PartChecksums(
            file_id=self.file_id,
            part_number=number,
            sha256=checksums.sha256(part),
            md5=checksums.md5(part) if self.md5 else "",
            refused=self.refused,
            perhaps_stored=self.perhaps_stored,
        )

    def as_pick(self) -> Pick:
        """The file as the page names it."""
        return Pick(
            file_id=self.file_id,
            name=self.name,
            path=self.name,
            size=len(self.data),
            type=self.type,
            last_modified=1_700_000_000_000,
            if_exists=self.if_exists,  # type: ignore[arg-type]  # a page may send anything
            twin=self.twin,
            key=self.continues.key,
            upload_id=self.continues.upload_id,
        )


def service_at(server: S3Server, bucket: str, **options: Any) -> Service:
    """A service that cuts into small parts."""
    return Service(Store(bucket, server.client), limits=SMALL, **options)


def refusal(sender: Sender) -> str:
    """The code of a pick that has to be refused for good."""
    answer = sender.pick()
    assert isinstance(answer, RefusedFile), answer
    assert not answer.retryable
    assert answer.message
    return answer.code


def plans(service: Service, *senders: Sender) -> list[str]:
    """The key or the refusal's code of each file of one pick."""
    request = PickFiles(origin=ORIGIN, files=[sender.as_pick() for sender in senders])
    reply = service.handle(request)
    assert isinstance(reply, FilesPicked), reply
    return [
        answer.key if isinstance(answer, PlannedFile) else answer.code for answer in reply.files
    ]


def verified_by(reply: Reply) -> str:
    """The proof in a reply that has to be a success."""
    assert isinstance(reply, MultipartUploadCompleted), reply
    return reply.verified_by


def failed(reply: Reply) -> str:
    """The code of a reply that has to be a failure."""
    assert isinstance(reply, Failed), reply
    return reply.code
