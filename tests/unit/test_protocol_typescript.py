"""js/src/protocol.ts is what js/generate_protocol.py makes of s3upload_widget/protocol.py."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import pytest

from s3upload_widget import errors, protocol
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

TYPESCRIPT = (ROOT / "js" / "src" / "protocol.ts").read_text("utf-8")


def generate(*args: str, script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, *args], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_typescript_is_current() -> None:
    done = generate("--check", script=ROOT / "js" / "generate_protocol.py")

    assert done.stderr == ""
    assert done.returncode == 0


def test_a_stale_file_is_found_and_the_command_named(tmp_path: Path) -> None:
    script = tmp_path / "generate_protocol.py"
    script.write_text((ROOT / "js" / "generate_protocol.py").read_text("utf-8"), "utf-8")
    stale = tmp_path / "src" / "protocol.ts"
    stale.parent.mkdir()
    stale.write_text(TYPESCRIPT.replace("readonly part_size", "readonly partSize"), "utf-8")

    found = generate("--check", script=script)
    generate(script=script)

    assert found.returncode == 1
    assert "make protocol" in found.stderr
    assert stale.read_text("utf-8") == TYPESCRIPT


@pytest.mark.parametrize("request_type", protocol.KINDS)
def test_typescript_knows_what_each_request_is_answered_with(
    request_type: type[protocol.Message],
) -> None:
    kind = request_type.__struct_config__.tag
    replies = " | ".join(reply.__name__ for reply in protocol.KINDS[request_type].replies)

    assert (
        f"  readonly {kind}: {{ request: {request_type.__name__}; reply: {replies} }};"
        in TYPESCRIPT
    )


@pytest.mark.parametrize("request_type", protocol.KINDS)
def test_typescript_knows_how_long_each_request_takes(
    request_type: type[protocol.Message],
) -> None:
    kind = request_type.__struct_config__.tag
    _, _, speeds = TYPESCRIPT.partition("export const SPEEDS")

    assert f'  {kind}: "{protocol.KINDS[request_type].speed}",' in speeds


@pytest.mark.parametrize("cls", errors.all_errors())
def test_typescript_knows_the_code_of_each_error(cls: type[errors.UploadError]) -> None:
    assert f'| "{cls.code}"' in TYPESCRIPT


def test_every_field_of_every_message_stands_in_its_interface() -> None:
    structs = [
        cls
        for cls in vars(protocol).values()
        if isinstance(cls, type) and issubclass(cls, msgspec.Struct) and cls.__struct_fields__
    ]
    assert len(structs) > len(protocol.KINDS)

    for cls in structs:
        _, _, body = TYPESCRIPT.partition(f"export interface {cls.__name__} {{\n")
        for field in cls.__struct_fields__:
            assert f"  readonly {field}: " in body.partition("\n}\n")[0]
