"""A page without a browser: speaks the protocol to a widget over a comm that records."""

from __future__ import annotations

import base64
import hashlib
from http.client import HTTPConnection
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from comm.base_comm import BaseComm

from s3upload_widget import protocol
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable

    from s3upload_widget.results import FileState
    from s3upload_widget.widget import UploadWidget

ORIGIN = "http://localhost"
NEVER_TRIED = protocol.Tried(number=0, reached=False)
IDLE = protocol.Summary(
    state="idle",
    waiting_for="",
    progress=0,
    bytes_done=0,
    bytes_total=0,
    rate=0,
    eta=-1,
    error="",
)


class RecordingComm(BaseComm):
    """A comm whose other end is a list."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.published: list[dict[str, Any]] = []
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,  # noqa: ARG002
        data: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,  # noqa: ARG002
        buffers: list[bytes] | None = None,  # noqa: ARG002
        **keys: Any,  # noqa: ARG002
    ) -> None:
        """Keep what would go to the page."""
        self.published.append(data or {})


class Page:
    """One page that shows a widget; how messages travel is left to others."""

    def __init__(self, client: str) -> None:
        self.client = client
        self._rids = count(1)
        self._reports = count(1)

    def deliver(self, data: object) -> None:
        """Let a message of any form arrive as Jupyter delivers it."""
        raise NotImplementedError

    @property
    def published(self) -> list[dict[str, Any]]:
        """What the widget sent to the page."""
        raise NotImplementedError

    def tell(self, content: object) -> None:
        """Send a custom message of any content."""
        self.deliver({"method": "custom", "content": content})

    def send(self, request: protocol.Request, rid: str = "") -> str:
        """Send a request, and do not wait for its reply."""
        rid = rid or f"{self.client} {next(self._rids)}"
        content = {"rid": rid, "client": self.client, "request": msgspec.to_builtins(request)}
        self.tell(content)
        return rid

    def ask(self, request: protocol.Request) -> Any:
        """Send a request and give its reply, typed."""
        rid = self.send(request)
        until(lambda: self.replies(rid), 60, what=f"the reply to {request}")
        return msgspec.convert(self.replies(rid)[0], protocol.Reply)

    def replies(self, rid: str) -> list[Any]:
        """All replies to one request."""
        return [content["reply"] for content in self.heard if content.get("rid") == rid]

    @property
    def heard(self) -> list[dict[str, Any]]:
        """All custom messages that went to the page."""
        return [data["content"] for data in self.published if "content" in data]

    @property
    def updates(self) -> list[dict[str, Any]]:
        """All updates of traits that went to the page."""
        return [data["state"] for data in self.published if data.get("method") == "update"]

    @property
    def orders(self) -> list[list[tuple[int, str, list[str]]]]:
        """The orders of each event, as ``(number, verb, file ids)``."""
        return [
            [(order["number"], order["verb"], order["file_ids"]) for order in c["event"]["orders"]]
            for c in self.heard
            if c.get("event", {}).get("kind") == "orders"
        ]

    @property
    def asked_to_reach(self) -> list[tuple[int, str]]:
        """The number and the address of each question whether the page reaches a store."""
        events = [content["event"] for content in self.heard if "event" in content]
        return [(e["number"], e["address"]) for e in events if e["kind"] == "reach"]

    def hello(self) -> protocol.Welcome:
        """Say that the page is here."""
        welcome: protocol.Welcome = self.ask(
            protocol.Hello(version=protocol.VERSION, origin=ORIGIN)
        )
        return welcome

    def pick(self, *names: str, size: int = 10) -> Any:
        """Pick files; the file id of ``a.bin`` is ``id-a.bin`` without its dot."""
        picks = [self.one_pick(name, size) for name in names]
        return self.ask(protocol.PickFiles(origin=ORIGIN, files=picks))

    def one_pick(self, name: str, size: int) -> protocol.Pick:
        """One file as the browser names it."""
        return protocol.Pick(
            file_id=file_id(name),
            name=name.rpartition("/")[2],
            path=name,
            size=size,
            type="",
            last_modified=0,
            if_exists="",
            twin=False,
            key="",
            upload_id="",
        )

    def report(
        self,
        summary: protocol.Summary = IDLE,
        files: Iterable[protocol.FileProgress] = (),
        *,
        removed: Iterable[str] = (),
        last_order: int = 0,
        number: int = 0,
        tried: protocol.Tried = NEVER_TRIED,
    ) -> protocol.ProgressNoted:
        """Report how far everything is."""
        report = protocol.ReportProgress(
            number=number or next(self._reports),
            summary=summary,
            files=list(files),
            removed=list(removed),
            last_order=last_order,
            tried=tried,
        )
        noted: protocol.ProgressNoted = self.ask(report)
        return noted

    def send_report(self) -> None:
        """Report that there is nothing to report, and do not wait for the reply."""
        self.send(
            protocol.ReportProgress(
                number=next(self._reports),
                summary=IDLE,
                files=[],
                removed=[],
                last_order=0,
                tried=NEVER_TRIED,
            )
        )

    def upload(self, name: str, data: bytes) -> Any:
        """Take a file of one part all the way, and give the last reply."""
        self.pick(name, size=len(data))
        return self.finish(file_id(name), data)

    def finish(self, name: str, data: bytes) -> Any:
        """Send a file of one part that was picked under this id, and give the last reply."""
        digest = hashlib.sha256(data)
        checksum = base64.b64encode(digest.digest()).decode()
        md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode()
        part = protocol.PartChecksums(
            file_id=name,
            part_number=1,
            sha256=checksum,
            md5=md5,
            refused=[],
            perhaps_stored=False,
        )
        presigned = self.ask(protocol.PresignParts(parts=[part], origins=[])).parts[0]
        put(presigned.url, presigned.headers, data)
        return self.ask(
            protocol.CompleteMultipartUpload(
                file_id=name,
                parts_sha256=[checksum],
                parts_md5=[md5],
                sha256=digest.hexdigest(),
                taken=False,
                etag="",
            )
        )


class NearPage(Page):
    """A page of a widget in this process, whose comm is a :class:`RecordingComm`."""

    def __init__(self, widget: UploadWidget, client: str = "page-0001") -> None:
        super().__init__(client)
        self.widget = widget
        self._comm: RecordingComm = widget.comm

    def deliver(self, data: object) -> None:
        """Let a message of any form arrive as Jupyter delivers it."""
        self._comm.handle_msg({"content": {"data": data}, "buffers": []})

    @property
    def published(self) -> list[dict[str, Any]]:
        """What the widget sent to the page."""
        return list(self._comm.published)


def file_id(name: str) -> str:
    """The page's own name of a file."""
    return "id-" + "".join(c if c.isalnum() else "_" for c in name).rjust(6, "_")


def progress(
    name: str, state: FileState, *, bytes_done: int = 0, parts_done: int = 0, error: str = ""
) -> protocol.FileProgress:
    """How far one file is."""
    return protocol.FileProgress(
        file_id=file_id(name),
        state=state,
        waiting_for="",
        error=error,
        bytes_done=bytes_done,
        parts_done=parts_done,
        parts_in_flight=[],
    )


def summary(state: protocol.WidgetState, **changes: Any) -> protocol.Summary:
    """The sums over all files."""
    return msgspec.structs.replace(IDLE, state=state, **changes)


def put(url: str, headers: dict[str, str], data: bytes) -> None:
    """Send bytes as a browser does; ``urllib`` would add a Content-Type that servers act on."""
    at = urlsplit(url)
    connection = HTTPConnection(at.netloc)
    connection.request("PUT", f"{at.path}?{at.query}", data, headers)
    assert connection.getresponse().status == 200
    connection.close()
