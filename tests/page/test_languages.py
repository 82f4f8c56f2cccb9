"""The page speaks English and 简体中文, each completely."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect

from s3upload_widget import UploadWidget
from support import ROOT
from support.files import make_file
from support.page.uploading import MiB, pick, show, until_done

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from support.page.bridge import Bridge
    from support.servers.servers import S3Server

JS = ROOT / "js"

QUOTES = {"view.said", "view.of", "fromKernel"}
"""They only put together what they are given."""


def tables() -> dict[str, dict[str, str]]:
    """Every string by its path, of each language."""
    done = subprocess.run(
        ["node", "languages.mjs"],
        cwd=JS,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return {name: dict(flat(table)) for name, table in json.loads(done.stdout).items()}


def flat(table: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for name, entry in table.items():
        if isinstance(entry, str):
            yield f"{path}{name}", entry
        else:
            yield from flat(entry, f"{path}{name}.")


def marks(text: str) -> set[str]:
    return set(re.findall(r"<\d+>", text))


def test_both_languages_are_complete_and_tell_the_same_things() -> None:
    english, chinese = tables().values()

    assert english.keys() == chinese.keys()
    assert len(english) > 80
    for name, text in english.items():
        assert text, name
        assert re.search(r"[\u4e00-\u9fff]", chinese[name]) or name in QUOTES, name
        counted = {"differs": {"<1>", "<2>"}}.get(name, set())
        assert marks(text) | counted == marks(chinese[name]) | counted, name


def test_the_page_speaks_the_widgets_locale(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, locale="zh-CN")
    show(page, bridge, widget)
    expect(page.locator(".s3up-hint")).to_have_text("或将文件拖放到此处")

    pick(page, make_file(tmp_path / "run7.bin", 2 * MiB))
    until_done(widget)

    row = page.locator(".s3up-row")
    expect(row).to_contain_text("已在 S3 上并通过校验")
    expect(row.get_by_role("button", name="清除 run7.bin")).to_be_visible()


def test_without_a_locale_the_page_speaks_as_the_page_around_it(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str
) -> None:
    page.add_init_script(
        "new MutationObserver(() => { document.documentElement.lang = 'zh_CN'; })"
        ".observe(document, { childList: true })"
    )
    show(page, bridge, UploadWidget(bucket, client=ministack.client))

    expect(page.locator(".s3up-hint")).to_have_text("或将文件拖放到此处")


def test_a_language_that_is_not_there_is_english(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str
) -> None:
    show(page, bridge, UploadWidget(bucket, client=ministack.client, locale="fi"))

    expect(page.locator(".s3up-hint")).to_have_text("or drop files here")


def test_what_the_kernel_refuses_is_told_in_the_pages_language(
    page: Page, bridge: Bridge, ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    widget = UploadWidget(bucket, client=ministack.client, locale="zh-CN", max_size=MiB)
    show(page, bridge, widget)

    pick(page, make_file(tmp_path / "run7.bin", 2 * MiB))

    message = page.locator(".s3up-row .s3up-message")
    expect(message).to_contain_text("文件超过了允许的大小")
    expect(message).to_contain_text("run7.bin")
