"""What docs/ says of the doctor is what the code does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

BUCKET = (Path(__file__).parent.parent / "docs" / "bucket.md").read_text("utf-8")
PACKAGE = Path(__file__).parent.parent / "s3upload_widget"
ROOM = ("access", "conditions", "doctor", "endpoint", "rules")


@pytest.mark.parametrize(
    "code", re.findall(r"^```python\n(.*?)^```$", BUCKET, re.MULTILINE | re.DOTALL)
)
def test_its_python_is_python(code: str) -> None:
    compile(code, "bucket.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_check_is_explained() -> None:
    source = "".join((PACKAGE / f"{module}.py").read_text("utf-8") for module in ROOM)
    checks = set(re.findall(r'check="([\w:]+)"', source)) | set(
        re.findall(r'"(s3:\w+)": \(', source)
    )

    assert {"cors", "s3:PutObject", "page"} <= checks
    assert [check for check in checks if f"`{check}`" not in BUCKET] == []
