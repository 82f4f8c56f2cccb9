"""A finished file's menu of code: what it offers, that the code works, and how keys steer it."""

from __future__ import annotations

import ast
import io
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from support.page.uploading import pick, show, until_done
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from playwright.sync_api import Page

    from s3upload_widget import UploadWidget
    from support.page.bridge import Bridge
    from support.servers.servers import S3Server


def arrive(page: Page, bridge: Bridge, widget: UploadWidget, *paths: Path) -> None:
    """Show the widget, and upload these files."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    show(page, bridge, widget)
    pick(page, *paths)
    until_done(widget, len(paths))


def code(page: Page, name: str, tool: str) -> str:
    """Copy a tool's code for a file."""
    page.get_by_role("button", name=f"Copy code that reads {name}", exact=True).click()
    page.get_by_role("menuitem", name=tool, exact=True).click()
    expect(page.locator(".s3up output")).to_have_text(f"Copied code for {tool}")
    copied: str = page.evaluate("navigator.clipboard.readText()")
    return copied


def test_each_type_has_the_tools_that_read_it(
    page: Page, bridge: Bridge, bucket: str, widget: UploadWidget, tmp_path: Path
) -> None:
    tools = {
        "a.parquet": ["pandas", "polars", "DuckDB", "pyarrow", "boto3"],
        "a.csv": ["pandas", "polars", "DuckDB", "pyarrow", "boto3"],
        "a.json": ["pandas", "DuckDB", "boto3"],
        "a.ndjson": ["pandas", "polars", "DuckDB", "pyarrow", "boto3"],
        "a.feather": ["pandas", "polars", "pyarrow", "boto3"],
        'odd ["1"]\'.csv': ["pandas", "polars", "DuckDB", "pyarrow", "boto3"],
        "a.h5": ["boto3"],
    }
    paths = [tmp_path / name for name in tools]
    for path in paths:
        path.write_text("x\n1\n")
    arrive(page, bridge, widget, *paths)

    for name, expected in tools.items():
        button = page.get_by_role("button", name=f"Copy code that reads {name}", exact=True)
        button.click()
        assert page.get_by_role("menuitem").all_inner_texts() == expected
        button.click()
        expect(page.get_by_role("menu")).to_have_count(0)
        for tool in expected:
            literals = [
                node.value
                for node in ast.walk(ast.parse(code(page, name, tool)))
                if isinstance(node, ast.Constant)
            ]
            if tool == "boto3":
                wanted = [bucket, f"raw/{name}", name]
                assert [each for each in literals if each in wanted] == wanted
            else:
                address = f"{bucket}/raw/{name}"
                if tool == "DuckDB":
                    address = address.replace("'", "''")
                assert any(address in str(literal) for literal in literals)


def test_the_code_reads_the_file(
    page: Page,
    bridge: Bridge,
    ministack: S3Server,
    widget: UploadWidget,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "it's 1.csv"
    path.write_text("x,y\n1,2\n3,4\n")
    arrive(page, bridge, widget, path)
    for name, value in ministack.environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    exec(code(page, path.name, "boto3"), {})  # noqa: S102 - it is what a user would paste
    assert (tmp_path / "elsewhere" / path.name).read_text() == path.read_text()
    found: dict[str, object] = {}
    exec(code(page, path.name, "pandas"), found)  # noqa: S102
    written = io.StringIO()
    found["df"].to_csv(written, index=False)  # type: ignore[attr-defined]
    assert written.getvalue() == path.read_text()


def test_the_keyboard_opens_steers_and_closes_the_menu(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    path = tmp_path / "run7.parquet"
    path.write_text("x")
    arrive(page, bridge, widget, path)
    page.evaluate("""() => {
      globalThis.heard = [];
      document.addEventListener("keydown", ({ key }) => heard.push(key));
    }""")
    button = page.get_by_role("button", name="Copy code that reads run7.parquet", exact=True)

    def expect_item(name: str) -> None:
        expect(page.get_by_role("menuitem", name=name, exact=True)).to_be_focused()

    button.focus()
    page.keyboard.press("Enter")
    expect_item("pandas")
    expect(button).to_have_attribute("aria-expanded", "true")
    for key, item in [
        ("ArrowDown", "polars"),
        ("End", "boto3"),
        ("ArrowDown", "pandas"),
        ("ArrowUp", "boto3"),
        ("Home", "pandas"),
        ("d", "DuckDB"),
        ("p", "pyarrow"),
    ]:
        page.keyboard.press(key)
        expect_item(item)
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(page.get_by_role("menu")).to_have_count(0)
    expect(button).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowUp")
    expect_item("boto3")
    page.keyboard.press("Tab")
    expect(page.get_by_role("menu")).to_have_count(0)
    assert page.evaluate("heard") == []


def test_the_menu_closes_when_something_else_is_clicked_or_the_page_scrolls(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    path = tmp_path / "run7.parquet"
    path.write_text("x")
    arrive(page, bridge, widget, path)
    page.evaluate("document.body.style.minHeight = '3000px'")
    button = page.get_by_role("button", name="Copy code that reads run7.parquet", exact=True)
    menu = page.get_by_role("menu")

    button.click()
    expect(menu).to_be_visible()
    page.locator(".s3up-destination").dispatch_event("pointerdown")
    expect(menu).to_have_count(0)
    button.click()
    expect(menu).to_be_in_viewport(ratio=1)
    page.mouse.wheel(0, 50)
    until(lambda: menu.count() == 0, what="a closed menu")


def test_without_a_clipboard_to_write_to_the_code_is_copied_too(
    page: Page, bridge: Bridge, widget: UploadWidget, tmp_path: Path
) -> None:
    path = tmp_path / "run7.h5"
    path.write_text("x")
    show(page, bridge, widget, insecure=True)
    pick(page, path)
    until_done(widget)

    page.get_by_role("button", name="Copy code that reads run7.h5", exact=True).click()
    page.get_by_role("menuitem", name="boto3", exact=True).click()

    expect(page.locator(".s3up output")).to_have_text("Copied code for boto3")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("textarea").press("Control+v")
    assert "download_file" in page.locator("textarea").input_value()
