"""What docs/ says of the doctor is what the code does."""

from __future__ import annotations

import ast
import re

import pytest

from support import ROOT

BUCKET = (ROOT / "docs" / "bucket.md").read_text("utf-8")
PACKAGE = ROOT / "s3upload_widget"


@pytest.mark.parametrize(
    "code", re.findall(r"^```python\n(.*?)^```$", BUCKET, re.MULTILINE | re.DOTALL)
)
def test_its_python_is_python(code: str) -> None:
    compile(code, "bucket.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_every_check_is_explained() -> None:
    source = "".join(path.read_text("utf-8") for path in (PACKAGE / "doctor").glob("*.py"))
    checks = set(re.findall(r'check="([\w:]+)"', source)) | set(
        re.findall(r'"(s3:\w+)": \(', source)
    )

    assert {"cors", "s3:PutObject", "page"} <= checks
    assert [check for check in checks if f"`{check}`" not in BUCKET] == []
