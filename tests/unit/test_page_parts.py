"""The page's pure parts, tested by Node's own runner: each test of ``js/test`` by its name."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from support import ROOT

if TYPE_CHECKING:
    import pytest


def test_the_unit_tests_of_the_page_pass(subtests: pytest.Subtests) -> None:
    done = subprocess.run(
        ["node", "test.mjs", "--test-reporter=junit"],
        cwd=ROOT / "js",
        capture_output=True,
        check=False,
        text=True,
        timeout=600,
    )

    assert done.stdout, done.stderr
    for case in ET.fromstring(done.stdout).iter("testcase"):
        with subtests.test(case.attrib["name"]):
            assert [failure.text for failure in case.iter("failure")] == []
    assert done.returncode == 0, done.stderr
