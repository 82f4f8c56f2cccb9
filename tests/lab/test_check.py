"""``w.check()`` in a cell of a real JupyterLab: the page is heard while the cell runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from support.lab.lab import Lab
    from support.servers.servers import S3Server


def test_a_cell_is_told_that_its_page_reaches_the_store(
    lab: Lab, page: Page, ministack: S3Server, bucket: str
) -> None:
    # However slow the machine: page and kernel have all the time.
    page.add_init_script("globalThis.s3upload_widget_tuning = { reachMs: 600_000 }")
    shown = (
        "from s3upload_widget import UploadWidget\n"
        "from s3upload_widget.widget import reachability\n"
        "reachability.PATIENCE = reachability.TIMES = 600\n"
        f"w = UploadWidget({bucket!r}, 'raw')\n"
        "display(w)"
    )
    with lab.notebook(page, shown, "report = w.check()") as notebook:
        notebook.run_cell(0)
        notebook.widgets.wait_for()

        notebook.run_cell(1)

        told = f"the page reaches {ministack.endpoint_url}"
        assert notebook.evaluate("report['page'].what") == repr(told)
        assert notebook.evaluate("(report.ok, report.origin)") == repr((True, lab.url))
