"""What a notebook grows by when it is saved with the state of its widgets."""

from __future__ import annotations

import json
from typing import Any

from support.lab.headless import run_cells, widget_models

MAKE = """
import boto3
from ipywidgets import VBox, Widget
from s3upload_widget import UploadWidget
client = boto3.client("s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
many = [UploadWidget("data", f"raw/{n}", client=client) for n in range(30)]
VBox(many)
"""
EMBED = """
import json
from ipywidgets.embed import dependency_state
print(json.dumps(dependency_state([many[7]])))
"""
CLOSE = """
Widget.close_all()
again = UploadWidget("data", client=client)
print(again._page_code.comm is not None, again._page_code is not many[0]._page_code)
"""


def codes(models: dict[str, Any]) -> list[str]:
    """The page's code, each time that it stands in these models."""
    texts = (text for model in models.values() for text in model["state"].values())
    return [text for text in texts if isinstance(text, str) and len(text) > 50_000]


def test_thirty_widgets_of_a_notebook_share_the_code_of_their_page() -> None:
    notebook = run_cells(MAKE, EMBED, CLOSE)

    models = widget_models(notebook)
    ours = [model for model in models.values() if "_engine_id" in model["state"]]
    (code,) = set(codes(models))
    named = {model["state"]["_page_code"] for model in ours[:30]}
    saved = len(json.dumps(notebook, indent=1))
    assert len(ours) >= 30
    assert len(named) == 1
    assert models[named.pop().removeprefix("IPY_MODEL_")]["state"]["code"] == code
    assert saved - sum(map(len, codes(models))) < 400_000
    assert codes(json.loads(notebook.cells[1].outputs[0]["text"])) == [code]
    assert notebook.cells[2].outputs[0]["text"] == "True True\n"
