"""The stage on which bad input is played: a page, two wires to S3, and what is done to them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from s3upload_widget import UploadWidget
from support.files import make_file
from support.page import view
from support.page.uploading import QUICK, MiB, show
from support.proxy.faults import FOREVER, Answer, Fault, Match
from support.servers.servers import REGION
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from playwright.sync_api import Locator, Page

    from support.page.bridge import Bridge
    from support.proxy.faults import Action
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

    Deed: TypeAlias = Callable[["Stage"], None]

PART: Final = 5 * MiB
SEVERAL: Final = 2 * PART + 1

GoOn: TypeAlias = Literal[
    "Resume", "Retry", "by itself", "pick again", "pick another", "another widget"
]


def nothing(_: Stage) -> None:
    """For causes that need no deed."""


def ordinary(_: Stage) -> dict[str, Any]:
    """For causes that are no option's."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """One row: its cause, what is said of it, and what to do."""

    cause: str
    says: tuple[str, ...]
    """Stand in ``error`` and in the page's row; may name the stage's ``{bucket}`` and the like."""
    remedy: str
    """What to do, in the same places."""
    obstacle: str = ""
    """The cause's name in docs/networks.md, if it is told there."""
    options: Callable[[Stage], dict[str, Any]] = ordinary
    """The widget's, where they differ from the ordinary ones."""
    before: Deed = nothing
    """Done before the file is picked."""
    meanwhile: Deed = nothing
    """Done as soon as the file is picked."""
    kernel: tuple[Fault, ...] = ()
    """Between the kernel and S3."""
    wire: tuple[Fault, ...] = ()
    """Between the page and S3."""
    name: str = "run7.bin"
    size: int = SEVERAL
    """Bytes."""
    state: Literal["failed", "waiting"] = "failed"
    sent: bool = False
    """Whether bytes of the file may be sent before anybody can tell."""
    cure: Deed = nothing
    """Takes the cause away, besides clearing the faults."""
    then: GoOn = "Resume"
    """How the user goes on."""


@dataclass
class Stage:
    """What a row plays with."""

    page: Page
    bridge: Bridge
    server: S3Server
    kernel: FaultyProxy
    """Between the kernel and S3."""
    wire: FaultyProxy
    """Between the page and S3."""
    bucket: str
    folder: Path
    patch: pytest.MonkeyPatch
    file: Path = field(init=False)
    widget: UploadWidget = field(init=False)

    def make_widget(self, **options: Any) -> UploadWidget:
        """A widget whose kernel and whose page reach S3 over a proxy each."""
        ordinary_options: dict[str, Any] = {
            "transport": "direct",
            "bucket": self.bucket,
            "client": self.server.at(self.kernel.url).client,
            "browser_endpoint_url": self.wire.url,
            "part_size": PART,
        }
        return UploadWidget(**(ordinary_options | options))

    def show(self, widget: UploadWidget) -> None:
        """Show a widget in place of what the page has shown."""
        self.widget = widget
        show(self.page, self.bridge, widget, tuning=QUICK)

    def pick(self, name: str, size: int, seed: int = 0) -> None:
        """Write a file and pick it."""
        self.file = make_file(self.folder / name, size, seed)
        with self.page.expect_file_chooser() as chooser:
            self.page.locator(".s3up-primary").click()
        chooser.value.set_files(self.file)

    def row(self, name: str) -> Locator:
        """The file's row on the page."""
        return self.page.locator(f".s3up-row[data-name={_quoted(name)}]")

    def press(self, label: str) -> None:
        """Press a button of the file's row."""
        self.page.get_by_role("button", name=f"{label} {self.file.name}").click()

    def confirm(self, label: str) -> None:
        """Press a button of the file's row that asks first, and the one in the question."""
        view.confirm(self.page, f"{label} {self.file.name}")

    @property
    def bytes_sent(self) -> int:
        """Bytes of files that left for S3, by either way."""
        return sum(put.body_bytes for way in (self.wire, self.kernel) for put in way.puts())

    def until_some_is_sent(self) -> None:
        """Wait for a first part on S3."""
        until(lambda: any(put.complete for put in self.wire.puts()), 30, "a first part on S3")

    def clear_faults(self) -> None:
        """Let both ways be good again."""
        for way in (self.kernel, self.wire):
            way.clear_faults()
            way.go_online()

    def environment(self, access_key: str = "", secret_key: str = "") -> None:
        """Give the kernel's environment these credentials; none without any."""
        given = {
            "AWS_ENDPOINT_URL": self.kernel.url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": access_key,
            "AWS_SECRET_ACCESS_KEY": secret_key,
        }
        for name, value in given.items():
            self.patch.delenv(name, raising=False)
            if value:
                self.patch.setenv(name, value)

    def good_environment(self) -> None:
        """Give the kernel's environment credentials that S3 knows."""
        self.environment(self.server.access_key, self.server.secret_key)

    def come_by(self, origin: str) -> None:
        """Let the kernel hear that the page is of another origin."""
        put = type(self.bridge.to_kernel).put
        lane = self.bridge.to_kernel

        def deliver(message: Any) -> None:
            request = message.data.get("content", {}).get("request", {})
            if "origin" in request:
                request = {**request, "origin": origin or request["origin"]}
                content = {**message.data["content"], "request": request}
                message = replace(message, data={**message.data, "content": content})
            put(lane, message)

        self.patch.setattr(lane, "put", deliver)


def always(
    operation: str, status: int, code: str, message: str = "Played.", **headers: str
) -> tuple[Fault, ...]:
    """S3 answers every request of one operation with this error; ``_`` in headers is ``-``."""
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return forever(operation, Answer(status, code, message, headers=lines))


def forever(operation: str, action: Action) -> tuple[Fault, ...]:
    """Every request of one operation meets this."""
    return (Fault(action, Match(operation=operation), times=FOREVER),)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
