"""Everything secret that was on any wire, and every place where none of it may stand."""

from __future__ import annotations

import json
import logging
import traceback
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from ipywidgets.embed import embed_data

from s3upload_widget.errors import UploadError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest
    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.proxy.proxy import FaultyProxy
    from support.servers.servers import S3Server

WORDS: Final = ("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token")
"""They betray a signed URL."""
OTHERS_LOGS: Final = ("boto", "urllib3", "s3transfer", "werkzeug", "asyncio", "hypercorn")
"""Loggers of libraries; what they tell at DEBUG is theirs."""
DATABASES: Final = """
async () => {
  const rows = [];
  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  for (const { name } of await indexedDB.databases()) {
    const database = await done(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      const found = database.transaction(store).objectStore(store);
      rows.push([name, store, await done(found.getAllKeys()), await done(found.getAll())]);
    }
    database.close();
  }
  return JSON.stringify(rows);
}
"""
"""All that stands in all databases of the page's origin."""


def secrets_of(
    bridge: Bridge, server: S3Server, *proxies: FaultyProxy, others: Iterable[str] = ()
) -> tuple[set[str], set[str]]:
    """What lets somebody in, and the ids of uploads, which may stand in the page's databases."""
    secrets = {server.secret_key, server.access_key, *WORDS, *others}
    ids = {each.upload_id for proxy in proxies for each in proxy.exchanges if each.upload_id}
    for message in bridge.told:
        reply = message.data.get("content", {}).get("reply", {})
        ids |= {reply["upload_id"]} if "upload_id" in reply else set()
        for part in reply.get("parts", []):
            if "url" in part:
                query = parse_qs(urlsplit(part["url"]).query)
                secrets |= {part["url"], query["X-Amz-Signature"][0]}
                secrets |= set(query.get("X-Amz-Security-Token", ()))
    return secrets, ids - {"-"}


def assert_nothing_leaks(
    secrets: tuple[set[str], set[str]],
    page: Page,
    widget: UploadWidget,
    records: Iterable[logging.LogRecord],
) -> None:
    """No secret is shown, kept, told or logged, and no upload's id but in the page's databases."""
    others, ids = secrets
    places = shown_on(page) | kept_of(widget) | {"log": logged(records), "raised": raised(widget)}
    assert [(p, s) for p, text in places.items() for s in others | ids if s in text] == []
    databases: str = page.evaluate(DATABASES)
    assert [secret for secret in others if secret in databases] == []


def shown_on(page: Page) -> dict[str, str]:
    """What the page shows, and what it keeps but for its databases."""
    return {
        "DOM": page.content(),
        "fields": page.evaluate(
            "JSON.stringify([...document.querySelectorAll('input, textarea')].map((i) => i.value))"
        ),
        "storage": page.evaluate("JSON.stringify({ ...localStorage, ...sessionStorage })"),
        "address": page.url,
        "cookies": json.dumps(page.context.cookies(), default=str),
    }


def kept_of(widget: UploadWidget) -> dict[str, str]:
    """What Jupyter saves with a notebook, and what a cell prints."""
    # The page's code is no secret, and has the words.
    state = {name: value for name, value in widget.get_state().items() if name != "_esm"}
    saved = embed_data(views=[widget], drop_defaults=False)
    for model in saved["manager_state"]["state"].values():
        model["state"].pop("_esm", None)
    return {
        "state": json.dumps(state, default=str),
        "saved notebook": json.dumps(saved, default=str),
        "mime bundle": json.dumps(widget._repr_mimebundle_(), default=str),
        "repr": repr([widget, widget.files, widget.value, widget.error]),
        "str": "".join(map(str, [widget, *widget.files, *widget.value])),
    }


def logged(records: Iterable[logging.LogRecord]) -> str:
    """What was logged, at any level, but by libraries."""
    ours = (record for record in records if not record.name.startswith(OTHERS_LOGS))
    form = logging.Formatter("%(name)s %(message)s")
    return "\n".join(map(form.format, ours))


def raised(widget: UploadWidget) -> str:
    """What a cell that waits for the widget gets to see, its causes and all."""
    try:
        widget.result(timeout=0)
    except (UploadError, TimeoutError) as error:
        return "".join(traceback.format_exception(error))
    return ""


def record_everything(caplog: pytest.LogCaptureFixture) -> None:
    """Have every log at DEBUG from now on."""
    caplog.set_level(logging.DEBUG)
    for name in ("asyncio", "hypercorn", "urllib3", "botocore"):  # chatter that nobody reads
        caplog.set_level(logging.WARNING, name)
