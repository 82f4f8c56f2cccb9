"""A file whose key has an object of its size, and a page that asks whether it is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from s3upload_widget import protocol
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from support.clients.sender import Sender
from support.page.uploading import MiB
from support.proxy.faults import FOREVER, Answer, Fault, Match

if TYPE_CHECKING:
    from support.servers.servers import S3Server

KEY: Final = "run7.csv"
DATA: Final = bytes(range(256)) * (50 * MiB // 256) + b"tail"
OTHER: Final = DATA[:-4] + b"tall"


def service_at(server: S3Server, bucket: str, **options: Any) -> Service:
    """A service that cuts as S3 wants it."""
    return Service(Store(bucket, server.client), **options)


def always(answer: Answer, operation: str) -> Fault:
    """S3 answers every request of one operation so."""
    return Fault(answer, Match(operation=operation), times=FOREVER)


def planned(service: Service, data: bytes = DATA, **options: Any) -> Sender:
    """A file that is picked, and shall be compared."""
    sender = Sender(service, data, **options)
    answer = sender.pick()
    assert isinstance(answer, protocol.PlannedFile), answer
    assert answer.compare
    return sender


def refused(reply: protocol.Reply, code: str = "exists") -> str:
    """What is said of a file whose key has another object."""
    assert isinstance(reply, protocol.Failed), reply
    assert reply.code == code
    for told in (f"s3://{reply.message.split('s3://')[1].split('/')[0]}/{KEY}", "bytes, of", "UTC"):
        assert told in reply.message
    assert "overwrite it, keep both under another name, or skip" in reply.message
    return reply.message
