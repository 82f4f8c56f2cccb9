"""The code that the page copies: made by the page's own module, and run as a user would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAKE: Final = """
import { build } from "esbuild";
import { readFileSync } from "node:fs";
const options = { entryPoints: ["src/text/snippets.ts"], bundle: true, format: "esm", write: false };
const { outputFiles } = await build(options);
const { snippets } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`);
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(snippets)));
"""
RUN: Final = Path(__file__).with_name("snippet_runner.py")


class Snippet(NamedTuple):
    """What one tool's menu item copies for a file."""

    uri: str
    tool: str
    code: str


def snippets(uris: Iterable[str], endpoint: str) -> list[Snippet]:
    """Make the code for each file, by every tool that reads its type."""
    files = [{"uri": uri, "name": uri.rpartition("/")[2], "endpoint": endpoint} for uri in uris]
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", MAKE],
        cwd=ROOT / "js",
        input=json.dumps(files),
        capture_output=True,
        check=True,
        text=True,
        timeout=600,
    )
    made = zip(files, json.loads(done.stdout), strict=True)
    return [
        Snippet(file["uri"], item["tool"], item["code"]) for file, items in made for item in items
    ]


def read_by(
    wanted: Iterable[Snippet], environment: Mapping[str, str], directory: Path
) -> list[object]:
    """Run each, in one process with this environment; gives what each reads, or its error's text."""
    done = subprocess.run(
        [sys.executable, RUN],
        cwd=directory,
        env={**os.environ, **environment},
        input=json.dumps([each.code for each in wanted]),
        capture_output=True,
        check=False,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    read: list[object] = json.loads(done.stdout)
    return read
