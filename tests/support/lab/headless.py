"""Notebooks that run in a kernel without a page. Loading what runs them takes seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server

TOKEN: Final = "FwoGZXIvYXdzEtoken//////////wEaDOneTwoThree"
"""A session token, as temporary credentials have one."""
_WIDGET: Final = """
import boto3, msgspec
from s3upload_widget import UploadWidget, protocol
client = boto3.client(
    "s3", endpoint_url={endpoint!r}, aws_access_key_id={access_key!r},
    aws_secret_access_key={secret_key!r}, aws_session_token={token!r}, region_name="us-east-1",
)
bucket = {bucket!r}
w = UploadWidget(bucket, client=client)
"""
UPLOADING: Final = """
def ask(rid, request):
    content = {"rid": rid, "client": "page-0001", "request": msgspec.to_builtins(request)}
    w._controller.receive(content)
    while w._controller._dispatcher._under_way:
        pass

pick = dict(
    file_id="file_0001", name="run7.bin", path="run7.bin", size=40 << 20, type="", key="",
    upload_id="", last_modified=0, if_exists="", twin=False,
)
ask("1", protocol.PickFiles(origin="", files=[protocol.Pick(**pick)]))
ask("2", protocol.CreateMultipartUpload(file_id="file_0001", refused=[]))
part = dict(
    file_id="file_0001", part_number=1, sha256="A" * 43 + "=", md5="", refused=[],
    perhaps_stored=False,
)
ask("3", protocol.PresignParts(parts=[protocol.PartChecksums(**part)], origins=[]))
w
"""
"""A cell after that of ``widget_cell``: what a page asks until a file's first part may be sent."""


def widget_cell(server: S3Server, bucket: str) -> str:
    """A cell that makes the widget ``w`` with the server's credentials, and ``TOKEN``."""
    return _WIDGET.format(
        endpoint=server.endpoint_url,
        access_key=server.access_key,
        secret_key=server.secret_key,
        token=TOKEN,
        bucket=bucket,
    )


def run_cells(*sources: str) -> Any:
    """Run these cells in a kernel of their own; the notebook, with its widgets' state."""
    import nbformat  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    cells = [nbformat.v4.new_code_cell(source) for source in sources]  # type: ignore[no-untyped-call]
    notebook = nbformat.v4.new_notebook(cells=cells)  # type: ignore[no-untyped-call]
    NotebookClient(notebook, timeout=600, startup_timeout=180, store_widget_state=True).execute()
    return notebook


def run_file(path: Path, *, folder: Path) -> Any:
    """Run a notebook's cells as if it were in this folder; the notebook, with its outputs."""
    import nbformat  # noqa: PLC0415
    from nbclient import NotebookClient  # noqa: PLC0415

    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    NotebookClient(
        notebook, timeout=600, startup_timeout=180, resources={"metadata": {"path": folder}}
    ).execute()
    return notebook


def widget_models(notebook: Any) -> dict[str, Any]:
    """The state of each widget that was saved with the notebook."""
    saved: dict[str, Any] = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]
    models: dict[str, Any] = saved["state"]
    return models


def saved_without_code(notebook: Any) -> str:
    """The notebook's file, but for its first cell and the widgets' own scripts."""
    import nbformat  # noqa: PLC0415

    notebook.cells[0].source = ""
    for model in widget_models(notebook).values():
        for name in ("_esm", "code"):
            model["state"].pop(name, None)
    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]
