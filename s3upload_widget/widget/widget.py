"""UploadWidget: the class that notebooks use; it connects a comm and traits to the controller.

The service decides what happens on S3, and the page what happens to bytes: this module does neither.
"""

from __future__ import annotations

import difflib
import hashlib
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any

import traitlets as t

from s3upload_widget.doctor import examine
from s3upload_widget.errors import CannotWaitError, RefusedError
from s3upload_widget.keys import parse_target
from s3upload_widget.options import (
    READ_BACK,
    check_accept,
    check_choices,
    check_read_back,
    check_transport,
)
from s3upload_widget.parts import S3_LIMITS, check_part_size, is_whole
from s3upload_widget.protocol import Welcome
from s3upload_widget.s3 import Store
from s3upload_widget.service import Service
from s3upload_widget.unfinished import find_unfinished
from s3upload_widget.widget import comm_guards
from s3upload_widget.widget.callers import Registered
from s3upload_widget.widget.controller import Controller
from s3upload_widget.widget.file_status import counted
from s3upload_widget.widget.traits import SETTABLE, TraitPublisher, Traits
from s3upload_widget.workers import log_defect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from s3upload_widget.doctor import Report
    from s3upload_widget.protocol import Transport
    from s3upload_widget.results import PickedFile, Unfinished, UploadedFile
    from s3upload_widget.transfer import IfExists
    from s3upload_widget.widget.comm_guards import Defer


class UploadWidget(Traits):
    """Upload files of any size from the page straight to S3: drop them, or pick them.

    Creating a widget makes no request to S3 and needs no kernel. Besides the traits below, it has
    ``layout`` and the other traits of every Jupyter widget.

    Example:
        >>> w = UploadWidget("s3://lab-data/raw/")
        >>> w
        UploadWidget(s3://lab-data/raw/)
        >>> [file.uri for file in w.value]
        []

    Args:
        bucket: The bucket's name, or ``s3://bucket/prefix``.
        prefix: The folder that keys are put in; a missing final ``/`` is added.
        key: None for the file's name (its path in a dropped folder), a str for one file, or a
            function from :class:`PickedFile` to a str; relative to ``prefix``.
        client: Any boto3 S3 client; left out, boto3's default one.
        browser_endpoint_url: The store's address as the browser sees it, where it differs; or
            several addresses of the same store, among which parts are shared out.
        accept: Files that may be picked, as HTML's ``<input accept>``: ``".csv,.parquet"``, ``"image/*"``.
        multiple: Whether more than one file may be picked at once.
        directory: Whether the button picks a folder; dropping one always works.
        part_size: Bytes of a part, 5 MiB to 5 GiB. Left out, it is 16 MiB, less for files of few
            parts, more for huge files.
        max_concurrency: The most parts sent at a time, 1 to 64; left out, as many as help. Browsers
            open 6 connections to each of a store's names (AWS knows a bucket by up to four), 6 more
            where its CORS rule allows credentials, and send more over HTTP/2.
        if_exists: What to do where the key has an object: ``"verify"`` hashes the file, sends
            nothing if the object has the same bytes, and else asks; ``"overwrite"`` and
            ``"rename"`` (``run7-1.parquet``) do neither.
        read_back: Bytes of the largest object that the kernel reads back to compare it, where S3
            shows no checksum of it; 256 MiB if left out, 0 for none.
        sha256: Whether each whole file's SHA-256 is computed too, as ``sha256sum`` prints it.
        extra_args: boto3's own names, such as ``{"ServerSideEncryption": "aws:kms"}``.
        max_size: Bytes that a file may have at most.
        transport: ``"direct"`` sends from the page to S3; ``"relay"`` sends through the kernel,
            which needs no CORS rule and no way from the page to S3; ``"auto"`` sends directly, and
            through the kernel where the page is kept from S3 and that will not heal by itself.
        description: The button's label.
        disabled: Whether picking is switched off.
        locale: Language of the page's words, ``"en"`` or ``"zh-CN"``; the page's own if left out.
        layout: An ipywidgets Layout, or a dict of its traits.

    Raises:
        TypeError: There is no such option.
        RefusedError: An option has a value that cannot work.
    """

    _destination = ""
    _place = ""
    _is_open = False
    _defer: Defer = staticmethod(comm_guards.at_once)

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        key: str | Callable[[PickedFile], str] | None = None,
        client: Any = None,
        browser_endpoint_url: str | Sequence[str] | None = None,
        accept: str = "",
        multiple: bool = True,
        directory: bool = False,
        part_size: int | None = None,
        max_concurrency: int | None = None,
        if_exists: IfExists = "verify",
        read_back: int = READ_BACK,
        sha256: bool = True,
        extra_args: Mapping[str, Any] | None = None,
        max_size: int | None = None,
        transport: Transport = "auto",
        description: str = "Upload",
        disabled: bool = False,
        locale: str | None = None,
        layout: Any = None,
        **unknown: object,
    ) -> None:
        _refuse_unknown(UploadWidget, unknown)
        _check_options(part_size, max_concurrency, if_exists, max_size)
        check_transport(transport)
        check_read_back(read_back)
        check_accept(accept)
        name, folder = parse_target(bucket, prefix)
        store = Store(
            name,
            client=client,
            browser_endpoint_url=browser_endpoint_url,
            extra_args=extra_args,
        )
        service = partial(
            Service,
            store,
            prefix=folder,
            key=key,
            accept=lambda: self.accept,
            part_size=part_size,
            max_size=max_size,
            if_exists=if_exists,
            read_back=read_back,
            sha256=sha256,
            transport=transport,
        )
        self._store, self._folder = store, folder
        self._part_size = part_size or S3_LIMITS.default_part_size
        self._destination = f"s3://{name}/{folder}"
        self._place = "\n".join(
            [_endpoint_of(client), " ".join(store.browser_endpoints), self._destination]
        )
        self._controller = Controller(
            Welcome(
                destination=self._destination,
                transport=transport,
                multiple=multiple,
                directory=directory,
                orders=[],
            ),
            lambda note_uploaded, note_read, want: service(
                on_uploaded=note_uploaded, on_read=note_read, want=want
            ),
            send=self.send,
            publish=self._publish,
        )
        self._publisher = TraitPublisher(self, self._controller.files.traits, self._observer_failed)
        self._is_open = True
        appearance = {} if layout is None else {"layout": layout}
        super().__init__(
            accept=accept,
            max_concurrency=max_concurrency,
            description=description,
            disabled=disabled,
            locale=locale or "",
            **appearance,
        )
        self._publish()  # else observers would get the first change of each tuple twice
        self.on_msg(self._received)

    def __deepcopy__(self, memo: dict[int, object]) -> UploadWidget:
        """A widget of the same options, with files of its own: marimo copies what a form holds."""
        copy: UploadWidget = self._remake()
        memo[id(self)] = copy
        for name in SETTABLE:
            setattr(copy, name, getattr(self, name))
        return copy

    def observe(
        self,
        handler: Callable[[Any], object],
        names: Any = t.All,
        type: Any = "change",  # noqa: A002  traitlets' name
    ) -> None:
        """As in traitlets; what ``handler`` prints appears below the cell that registers it."""
        if not isinstance(handler, t.EventHandler | Registered):
            handler = Registered(handler, lambda: self._publisher.is_notifying)
        super().observe(handler, names, type)

    def __repr__(self) -> str:
        return f"UploadWidget({', '.join([self._destination, *counted(self.files)])})"

    def on_complete(self, fn: Callable[[UploadedFile], object]) -> None:
        """Call ``fn`` with each file that is uploaded from now on.

        It is called in a thread of the widget, one call after the other, also while cells run.
        Errors that it raises are shown in :attr:`error` and logged.

        Example:
            >>> arrived = []
            >>> w = UploadWidget("lab-data")
            >>> w.on_complete(arrived.append)
        """
        self._controller.on_complete(fn)

    async def wait(self, timeout: float | None = None) -> tuple[UploadedFile, ...]:
        """Wait, without blocking the kernel, until files were picked and all of them settled.

        A file that is paused, or waits for the network, is not settled.

        Args:
            timeout: Seconds; None to wait as long as it takes.

        Returns:
            :attr:`value`.

        Raises:
            UploadError: A file failed; of the failed files' own class where they share it.
            TimeoutError: The time is up; the upload continues.
            CannotWaitError: No message of the page can arrive while this cell runs.
        """
        return await self._controller.waiting.wait_async(timeout)

    def result(self, timeout: float | None = None) -> tuple[UploadedFile, ...]:
        """Block until files were picked and all of them settled, as :mod:`concurrent.futures` do.

        Arguments, result and errors are those of :meth:`wait`.

        Example:
            >>> UploadWidget("lab-data").result(timeout=0)
            Traceback (most recent call last):
            ...
            TimeoutError: the upload was not finished within 0 s; it continues
        """
        if self._publisher.is_notifying and self._controller.files.outcome() is None:
            msg = "a function that observes the widget cannot wait for it: use .on_complete()"
            raise CannotWaitError(msg)
        return self._controller.waiting.wait(timeout)

    def pause(self, key: str | None = None) -> None:
        """Stop sending; parts on S3 stay there.

        Args:
            key: Of one file; None for all.

        Raises:
            KeyError: No file has this key.
        """
        self._controller.order("pause", key)

    def resume(self, key: str | None = None) -> None:
        """Resume after a pause or a failure; arguments and errors are those of :meth:`pause`.

        Questions to the user, such as whether to overwrite, can only be answered on the page.
        """
        self._controller.order("resume", key)

    def abort(self, key: str | None = None) -> None:
        """Abort files that are not done, and delete their parts on S3.

        It works without a page too. Arguments and errors are those of :meth:`pause`.
        """
        self._controller.order_abort(key)

    def clear(self) -> None:
        """Drop finished files from :attr:`files` and :attr:`value`; nothing changes on S3."""
        self._controller.order_clear()

    def unfinished(self) -> tuple[Unfinished, ...]:
        """Every upload below the prefix that was started and not finished, by anybody.

        Pick the same file again to resume one, or call its ``abort()``.

        Raises:
            AccessDeniedError: s3:ListBucketMultipartUploads or s3:ListMultipartUploadParts is
                missing.
            S3Error: S3 cannot be asked.
        """
        return find_unfinished(self._store, self._folder)

    def check(self) -> Report:
        """Find out whether the page can upload to the bucket, and what to do where it cannot.

        As :func:`check_bucket`, for this widget's bucket, prefix, client and options, and for the
        page that showed it, or picked files, last. If messages of the page can arrive, the page
        itself tries whether it reaches the store; this takes at most some 8 seconds.

        Returns:
            The findings; print it, or let the notebook show it.
        """
        return examine(
            self._store,
            self._folder,
            origin=self._controller.origin,
            part_size=self._part_size,
            page_reaches=self._controller.reachability.page_reaches,
        )

    def close(self) -> None:
        """Remove the widget from the page and end its threads; parts on S3 stay there."""
        if self._is_open:
            self._is_open = False
            self._controller.close()
        super().close()

    def _received(self, _widget: object, content: object, buffers: Sequence[object]) -> None:
        self._controller.receive(content, buffers)

    def _publish(self) -> None:
        self._defer(self._publisher.publish)

    def _should_send_property(self, key: str, value: object) -> bool:
        # One message for each publication, where ipywidgets would send one for each trait.
        return not self._publisher.collects(key) and super()._should_send_property(key, value)

    def _observer_failed(self, name: str, error: Exception) -> None:
        log_defect(f"a function that observes {name} failed", error)
        if name != "error":  # else it would be called with its own failure
            text = f"a function that observes {name!r} failed: {type(error).__name__}: {error}"
            self._controller.show_error(text)

    @t.default("_target")
    def _new_target(self) -> str:
        return hashlib.sha256(self._place.encode()).hexdigest()

    @t.observe("comm")
    def _guard_comm(self, change: Any) -> None:
        if change["new"] is not None:
            self._defer = comm_guards.guard(change["new"], self._sending_failed)

    def _sending_failed(self, error: Exception) -> None:
        self._controller.note_unsent(error)


def _endpoint_of(client: Any) -> str:
    """The given client's endpoint; the default client is not created for this."""
    return str(getattr(getattr(client, "meta", None), "endpoint_url", ""))


def _refuse_unknown(cls: type, unknown: Mapping[str, object]) -> None:
    """Refuse options that a class does not have.

    traitlets would take any name, so a typing error would have no effect.

    Raises:
        TypeError: The message names the option and the one most like it.
    """
    known = [name for name in inspect.signature(cls).parameters if name != "unknown"]
    for name in unknown:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
        msg = f"{cls.__name__}() has no option {name!r}; {hint}"
        raise TypeError(msg)


def _check_options(
    part_size: int | None,
    max_concurrency: int | None,
    if_exists: str,
    max_size: int | None,
) -> None:
    """Refuse values that cannot work.

    Raises:
        RefusedError: An option has such a value.
    """
    if part_size is not None:
        check_part_size(part_size)
    check_choices(if_exists, max_concurrency)
    if max_size is not None and not (is_whole(max_size) and max_size >= 0):
        msg = f"max_size={max_size!r} is not valid: use bytes as an int, or leave it out"
        raise RefusedError(msg)
