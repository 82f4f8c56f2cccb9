"""A real Chromium: pages whose complaints are kept, real drops, and the memory it takes."""

from __future__ import annotations

import re
import shutil
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import Error, sync_playwright

from support.page.bridge import INSECURE_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playwright.sync_api import Browser, ConsoleMessage, Page

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome", "chrome")
_UNWANTED: Final = (
    # The address bar's suggestions are pages, too, made anew with each window: a second of work.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
    # What Playwright switches off, as far as these tests notice it: of two lists the last counts.
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(_UNWANTED)}",
    f"--host-resolver-rules=MAP {INSECURE_HOST} 127.0.0.1",
)
NETWORK: Final = r"Failed to load resource|net::ERR_|blocked by CORS policy"
"""What Chromium writes to the console when a request fails, whether or not anybody minds."""

REACH: Final = r"Failed to load resource: .*/favicon\.ico\)$"
"""The same for a page that looks whether it reaches S3, which answers strangers with 403."""

RESTART: Final = r"Could not restore the debugger state: Canceled future .*/static/lab/"
"""JupyterLab's own, of a kernel that restarts before it answered the debugger's first question."""


class PageErrors:
    """Errors on pages' consoles and uncaught exceptions; a test names those it provokes.

    Playwright hands them over only while one of its own calls runs.
    """

    def __init__(self) -> None:
        self.all: list[str] = []
        self._expected = [REACH, RESTART]

    def expect(self, *patterns: str) -> None:
        """Do not mind errors that one of these regular expressions is found in."""
        self._expected += patterns

    def expect_network(self) -> None:
        """Do not mind failed requests: the test plays faults."""
        self.expect(NETWORK)

    @property
    def unexpected(self) -> list[str]:
        """All errors that no pattern was named for."""
        return [text for text in self.all if not any(re.search(p, text) for p in self._expected)]

    def watch(self, page: Page) -> None:
        """Collect what a page complains of from now on."""
        page.on("pageerror", lambda error: self.all.append(f"uncaught: {error}"))
        page.on("console", self._on_console)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location.get("url", "")
            self.all.append(f"console: {message.text} ({place.partition('?')[0]})")


@dataclass(frozen=True)
class Browsing:
    """A running Chromium."""

    browser: Browser
    marker: str
    """Stands in the command line of the browser's main process."""

    @contextmanager
    def page(self, errors: PageErrors, **options: Any) -> Iterator[Page]:
        """Open a page with storage of its own, closed afterwards.

        Args:
            errors: Collects what the page complains of.
            options: Of Playwright's ``new_context``.
        """
        context = self.browser.new_context(**options)
        # Nobody can answer this picker without a screen; as in Firefox, the older one serves.
        context.add_init_script("delete globalThis.showOpenFilePicker")
        # A picker is caught only while somebody listens; who begins with a click is too late.
        context.on("page", lambda page: page.on("filechooser", lambda _: None))
        try:
            page = context.new_page()
            page.set_default_timeout(60_000)
            errors.watch(page)
            yield page
        finally:
            context.close()

    def memory(self) -> dict[str, int]:
        """Sum the proportional set size of its processes, in bytes, by their kind.

        Kinds are ``browser``, ``renderer``, ``utility`` and the like; shared pages count once.
        """
        sizes: dict[str, int] = {}
        for process in _family(self.marker):
            command = (process / "cmdline").read_bytes().decode(errors="replace")
            kind = re.search(r"--type=([a-z-]+)", command)
            name = kind.group(1) if kind else "browser"
            sizes[name] = sizes.get(name, 0) + _proportional_set_size(process)
        return sizes


@contextmanager
def run_chromium(*flags: str) -> Iterator[Browsing]:
    """Run the system's Chromium, headless."""
    marker = f"--marker={uuid.uuid4().hex}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=[*_FLAGS, marker, *flags]
        )
        try:
            yield Browsing(browser, marker)
        finally:
            browser.close()


@contextmanager
def run_profile(
    browsing: Browsing, profile: Path, errors: PageErrors
) -> Iterator[tuple[Page, int]]:
    """Run another Chromium with a profile on disk; gives a page and the number of its process."""
    marker = f"--marker={uuid.uuid4().hex}"
    context = browsing.browser.browser_type.launch_persistent_context(
        profile, executable_path=chromium_path(), args=[*_FLAGS, marker]
    )
    try:
        page = context.pages[0]
        errors.watch(page)
        yield page, min(number for number in _numbers() if _is_main(number, marker))
    finally:
        with suppress(Error):  # it may have been killed
            context.close()


def drop_files(page: Page, selector: str, paths: Sequence[Path]) -> None:
    """Drop files (or folders) from outside onto an element, as a user does."""
    drag_files(page, selector, paths, ("dragEnter", "dragOver", "drop"))


def drag_files(page: Page, selector: str, paths: Sequence[Path], steps: Sequence[str]) -> None:
    """Play some of ``dragEnter``, ``dragOver``, ``drop`` and ``dragCancel`` over an element."""
    target = page.locator(selector).first
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box is not None, f"{selector} is not visible"
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    session = page.context.new_cdp_session(page)
    for step in steps:
        session.send("Input.dispatchDragEvent", {"type": step, **place, "data": data})
    session.detach()


def chromium_path() -> str:
    """Find the browser's program."""
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    assert found is not None, "Chromium is not installed: tests/install_chromium.sh installs it"
    return found


def _family(marker: str) -> Iterator[Path]:
    """Find the process with the marker and all its descendants."""
    parents = {number: _parent(Path(f"/proc/{number}")) for number in _numbers()}
    family = {number for number in parents if _has_marker(number, marker)}
    while more := {number for number, parent in parents.items() if parent in family} - family:
        family |= more
    for number in family:
        if (process := Path(f"/proc/{number}")).exists():
            yield process


def _numbers() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _is_main(number: int, marker: str) -> bool:
    return _has_marker(number, marker) and not _has_marker(number, "--type=")


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _has_marker(number: int, marker: str) -> bool:
    try:
        return marker.encode() in Path(f"/proc/{number}/cmdline").read_bytes()
    except OSError:
        return False


def _proportional_set_size(process: Path) -> int:
    try:
        rollup = (process / "smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB$", rollup, re.MULTILINE)
    return int(found.group(1)) * 1024 if found else 0


def hold_reading(page: Page) -> None:
    """Have every read of a file wait for ``letRead(count)``; workers would read past that."""
    page.evaluate(
        """() => {
            globalThis.Worker = undefined;
            const { arrayBuffer } = Blob.prototype;
            const waiting = [];
            let allowed = 0;
            globalThis.letRead = (count) => {
                for (allowed += count; allowed > 0 && waiting.length > 0; allowed -= 1)
                    waiting.shift()();
            };
            Blob.prototype.arrayBuffer = async function () {
                await new Promise((go) => { waiting.push(go); globalThis.letRead(0); });
                return arrayBuffer.call(this);
            };
        }"""
    )


def let_read(page: Page, count: int = 1_000) -> None:
    """Let so many of the reads go on that :func:`hold_reading` holds, or will."""
    page.evaluate("(count) => letRead(count)", count)
