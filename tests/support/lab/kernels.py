"""Real kernels without a front end, and a page that speaks to widgets in them.

What a front end decides can be decided here: whether a comm's message goes to the main shell or
to a subshell, as JupyterLab 4.4 and newer let it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import zmq
from jupyter_client.connect import write_connection_file
from jupyter_client.session import Session

from support import ROOT
from support.clients.talk import Page
from support.servers.ports import free_port
from support.servers.servers import ended
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OLD: Final = "6.31.0"
"""The last ipykernel without subshells."""
_TICK_MS: Final = 50


def old_ipykernel() -> Path:
    """A folder with an ipykernel of before 7, fetched once; it goes before the installed one."""
    folder = ROOT / ".cache" / f"ipykernel-{_OLD}"
    if not folder.exists():
        fetched = folder.with_name(f"{folder.name}.{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        subprocess.run([*pip, str(fetched), f"ipykernel=={_OLD}"], check=True)
        with contextlib.suppress(OSError):  # another process was first
            fetched.rename(folder)
    return folder


class Channel:
    """One of a kernel's sockets; read all the time, in a thread of its own."""

    def __init__(self, context: zmq.Context[Any], kind: int, port: int, key: str) -> None:
        self._socket = context.socket(kind)
        self._socket.connect(f"tcp://127.0.0.1:{port}")
        if kind == zmq.SUB:
            self._socket.subscribe("")
        # zmq's sockets are not thread-safe: the thread sends what is put into this list.
        self._outbox: list[dict[str, Any]] = []
        self._session = Session(key=key.encode())
        self._closed = threading.Event()
        self.messages: list[dict[str, Any]] = []
        """All that came."""
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def request(self, msg_type: str, content: dict[str, Any], *, subshell_id: str = "") -> str:
        """Send a message, and give its id."""
        message = self._session.msg(msg_type, content)
        if subshell_id:
            message["header"]["subshell_id"] = subshell_id
        self._outbox.append(message)
        name: str = message["header"]["msg_id"]
        return name

    def answers(self, name: str, msg_type: str) -> list[dict[str, Any]]:
        """The contents of all messages of a type that a request led to."""
        return [
            message["content"]
            for message in tuple(self.messages)
            if message["msg_type"] == msg_type and message["parent_header"].get("msg_id") == name
        ]

    def close(self) -> None:
        """Read nothing more."""
        self._closed.set()
        self._thread.join(10)
        self._socket.close(linger=0)

    def _work(self) -> None:
        while not self._closed.is_set():
            while self._outbox:
                self._session.send(self._socket, self._outbox.pop(0))
            if self._socket.poll(_TICK_MS):
                _, message = self._session.recv(self._socket)
                self.messages.append(message or {})


class Kernel:
    """A running kernel.

    Args:
        open_channel: Makes a channel of a kind and with a port's name.
    """

    def __init__(self, open_channel: Callable[[int, str], Channel]) -> None:
        self._shell = open_channel(zmq.DEALER, "shell_port")
        self._control = open_channel(zmq.DEALER, "control_port")
        self._output = open_channel(zmq.SUB, "iopub_port")

    @property
    def published(self) -> list[dict[str, Any]]:
        """All that the kernel published, as it came."""
        return list(self._output.messages)

    def wait_until_ready(self) -> None:
        """Ask until what is published arrives here too."""

        def ready() -> bool:
            self._shell.request("kernel_info_request", {})
            return bool(self._shell.messages and self._output.messages)

        until(ready, timeout=180, interval=0.2, what="the kernel to start")

    def close(self) -> None:
        """Hear nothing more."""
        for channel in (self._shell, self._control, self._output):
            channel.close()

    def start(self, code: str, **expressions: str) -> str:
        """Run a cell and do not wait for its end; give its name."""
        cell = {"code": code, "silent": False, "user_expressions": expressions}
        return self._shell.request("execute_request", cell)

    def end(self, cell: str, timeout: float = 60.0) -> dict[str, str]:
        """Wait for a cell's end; it has to succeed. Give what its expressions are worth."""
        (content,) = until(
            lambda: self._shell.answers(cell, "execute_reply"), timeout, "the end of a cell"
        )
        assert content["status"] == "ok", content
        given = content["user_expressions"].items()
        return {name: value["data"]["text/plain"] for name, value in given}

    def run(self, code: str, **expressions: str) -> dict[str, str]:
        """Run a cell to its end."""
        return self.end(self.start(code, **expressions))

    def running(self, cell: str) -> bool:
        """Whether a cell has begun and not ended."""
        return self._output.answers(cell, "status") == [{"execution_state": "busy"}]

    def new_subshell(self) -> str:
        """Let the kernel open a subshell, as JupyterLab does for comms."""
        name = self._control.request("create_subshell_request", {})
        (content,) = until(lambda: self._control.answers(name, "create_subshell_reply"))
        subshell_id: str = content["subshell_id"]
        return subshell_id

    def send_to_comm(self, comm_id: str, data: object, subshell_id: str) -> None:
        """Send a comm's message to the main shell, or to a subshell."""
        self._shell.request("comm_msg", {"comm_id": comm_id, "data": data}, subshell_id=subshell_id)


class KernelPage(Page):
    """A page that shows the widget ``w`` of a kernel's user."""

    def __init__(self, kernel: Kernel, *, subshell_id: str = "", client: str = "page-0001") -> None:
        super().__init__(client)
        self._kernel = kernel
        self._subshell_id = subshell_id
        self._comm_id = kernel.run("", model_id="w.model_id")["model_id"].strip("'")

    def deliver(self, data: object) -> None:
        """Let a message arrive as the front end would send it."""
        self._kernel.send_to_comm(self._comm_id, data, self._subshell_id)

    @property
    def published(self) -> list[dict[str, Any]]:
        """What the widget sent to the page."""
        contents = [
            message["content"]
            for message in self._kernel.published
            if message["msg_type"] == "comm_msg"
        ]
        return [content["data"] for content in contents if content["comm_id"] == self._comm_id]


@contextmanager
def run_kernel(
    environment: dict[str, str], *, python_path: tuple[Path, ...] = ()
) -> Iterator[Kernel]:
    """Run a kernel of this Python that finds the package.

    Args:
        environment: Variables for the kernel, such as credentials.
        python_path: Folders that go before what is installed.
    """
    name, _ = write_connection_file(
        shell_port=free_port(),
        iopub_port=free_port(),
        stdin_port=free_port(),
        hb_port=free_port(),
        control_port=free_port(),
    )
    file = Path(name)
    ports = json.loads(file.read_text("utf-8"))
    path = os.pathsep.join(str(folder) for folder in (*python_path, ROOT))
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", name]
    process = subprocess.Popen(command, env={**os.environ, **environment, "PYTHONPATH": path})
    with ended(process), zmq.Context() as context:
        kernel = Kernel(lambda kind, port: Channel(context, kind, ports[port], ports["key"]))
        try:
            kernel.wait_until_ready()
            yield kernel
        finally:
            kernel.close()
    file.unlink(missing_ok=True)
