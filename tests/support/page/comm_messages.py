"""What passes between the kernel's comms and the pages of the bridge."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToPage:
    """A message of the kernel."""

    comm_id: str
    msg_type: str
    data: dict[str, Any]
    buffers: tuple[bytes, ...] = ()

    def encode(self) -> str:
        """Write it as one event's data."""
        texts = [base64.b64encode(buffer).decode() for buffer in self.buffers]
        return json.dumps(
            {"comm_id": self.comm_id, "type": self.msg_type, "data": self.data, "buffers": texts}
        )


@dataclass(frozen=True)
class ToKernel:
    """A message of a page."""

    comm_id: str
    data: dict[str, Any]
    buffers: tuple[memoryview, ...] = ()

    @classmethod
    def decode(cls, body: memoryview) -> ToKernel:
        """Read the length of the JSON in 4 bytes, the JSON, then the buffers."""
        start = 4 + int.from_bytes(body[:4], "little")
        head = json.loads(bytes(body[4:start]))
        buffers = []
        for length in head["buffers"]:
            buffers.append(body[start : start + length])
            start += length
        return cls(head["comm_id"], head["data"], tuple(buffers))
