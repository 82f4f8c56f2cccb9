"""What docs/ says of the doctor, and of what lies between a page and S3, is what the code does."""

from __future__ import annotations

import ast
import re

import pytest

from s3upload_widget.protocol import OBSTACLES
from support import ROOT
from support.page.causes import promises

BUCKET = (ROOT / "docs" / "bucket.md").read_text("utf-8")
PACKAGE = ROOT / "s3upload_widget"
TESTS = ROOT / "tests"


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


def test_the_table_of_networks_names_every_cause_and_nothing_else() -> None:
    assert {promise.cause for promise in promises()} == set(OBSTACLES)


def test_every_sentence_of_the_table_of_networks_is_said() -> None:
    english = (ROOT / "js" / "src" / "text" / "english.ts").read_text("utf-8")
    doctor = "".join(path.read_text("utf-8") for path in (PACKAGE / "doctor").glob("*.py"))
    said = english + re.sub(r'"\s+f?"', "", doctor)

    unsaid = [words for each in promises() for words in each.sentence if words not in said]
    assert unsaid == []


def test_every_cause_of_the_table_of_networks_is_played_on_a_page() -> None:
    source = "".join(
        path.read_text("utf-8")
        for path in (*TESTS.glob("page/**/*.py"), *TESTS.glob("support/bad_input/*.py"))
    )
    played = re.findall(r'(?:until_told\(\s*\w+,|assert_promised\(|obstacle=)\s*"(\w+)"', source)

    assert set(played) == set(OBSTACLES)
