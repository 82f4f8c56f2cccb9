"""What the README says is true: its code runs, its tables are what the code says."""

from __future__ import annotations

import ast
import json
import re
import shlex
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, get_args

import comm
import pytest
import traitlets
from click.testing import CliRunner

from s3upload_widget import FileStatus, UploadedFile, UploadWidget
from s3upload_widget.cli import cli
from s3upload_widget.errors import all_errors
from s3upload_widget.keys import MAX_KEY_BYTES
from s3upload_widget.options import MAX_CONCURRENCY
from s3upload_widget.parts import S3_LIMITS, TB, GiB, MiB
from s3upload_widget.policy import cors_rule, iam_policy
from s3upload_widget.results import VerifiedBy
from s3upload_widget.s3.calls import URL_LIFETIME
from s3upload_widget.s3.extra_args import MAX_METADATA_BYTES
from support import ROOT
from support.clients.scripts import begin
from support.clients.talk import NearPage, RecordingComm
from support.files import sha256_of_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.servers.servers import S3Server

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)( page)?\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
"""Language, whether it needs a page with an uploaded file, and text."""
PYTHON = [(code, bool(page)) for language, page, code in BLOCKS if language == "python"]
COMMANDS = [
    line
    for language, _, text in BLOCKS
    if language == "sh"
    for line in text.splitlines()
    if line.startswith("s3upload ")
]
PICTURE_BYTES = 150_000


def section(title: str) -> str:
    """The text under a heading."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """The cells of every row of a section's tables, without headings."""
    body = re.sub(r"^\|.+\n\|-.+\n", "", text, flags=re.MULTILINE)
    return [line.split(" | ") for line in re.findall(r"^\| (.+) \|$", body, re.MULTILINE)]


def quoted(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the reader works: with the files that are named."""
    monkeypatch.chdir(tmp_path)
    for name in ("run7.parquet", "out/a.csv", "out/b.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    sha256 = sha256_of_file(tmp_path / "run7.parquet")
    (tmp_path / "raw.sha256").write_text(f"{sha256}  run7.parquet\n")
    return tmp_path


@contextmanager
def lab_data(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The reader's bucket, and an environment that leads to it."""
    for name, text in server.environment.items():
        monkeypatch.setenv(name, text)
    server.client.create_bucket(Bucket="lab-data")
    try:
        yield
    finally:
        UploadWidget.close_all()
        server.empty("lab-data")
        server.client.delete_bucket(Bucket="lab-data")


def run_cell(code: str, names: dict[str, Any]) -> Any:
    """Run it as a notebook does, and give what it shows: what its last line is worth."""
    *before, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        before.append(last)
        last = ast.Expr(ast.Constant(None))
    whole = ast.Module(before, type_ignores=[])
    exec(compile(whole, "README.md", "exec"), names)  # noqa: S102 - it is our own
    shown = ast.fix_missing_locations(ast.Expression(last.value))
    return eval(compile(shown, "README.md", "eval"), names)  # noqa: S307 - it is our own


def test_every_host_has_a_test_and_the_version_that_it_runs() -> None:
    pinned = "".join(path.read_text("utf-8") for path in (ROOT / "tests/hosts").glob("*.txt"))
    pinned += (ROOT / "requirements-dev.txt").read_text("utf-8")

    hosts = rows(section("Hosts"))

    assert len(hosts) >= 3
    for host, _, _, test in hosts:
        assert (ROOT / test.strip("`")).exists()
        for name, version in re.findall(r"(\w+) (\d+\.\d+)", host.replace("à", "a").lower()):
            assert re.search(rf"^{name}=={version}\.", pinned, re.MULTILINE), name


def test_its_python_runs_from_top_to_bottom(
    moto: S3Server, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(comm, "create_comm", RecordingComm)
    names: dict[str, Any] = {}
    with lab_data(moto, monkeypatch):
        for code, page in PYTHON:
            if page:
                NearPage(names["w"]).upload("picked.csv", b"a,b\n1,2\n")
            shown = run_cell(code, names)
            if page:
                assert shown.to_dict("list") == {"a": [1], "b": [2]}
        rules = moto.client.get_bucket_cors(Bucket="lab-data")["CORSRules"]
        assert rules == [cors_rule(["https://hub.example.org"])]
        sent = {"raw/picked.csv", "raw/run7.parquet", "raw/a.csv", "raw/b.csv", "raw/day.csv"}
        assert sent <= set(moto.keys("lab-data"))


def test_its_commands_run_from_top_to_bottom(
    ministack: S3Server, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    said: dict[str, str] = {}
    with lab_data(ministack, monkeypatch):
        rules = {"CORSRules": [cors_rule(["https://hub.example.org"])]}
        ministack.client.put_bucket_cors(Bucket="lab-data", CORSConfiguration=rules)  # type: ignore[arg-type]
        begin(ministack, "lab-data", "raw/begun.parquet", folder / "run7.parquet", [1])
        for line in COMMANDS:
            _, command, *arguments = shlex.split(line)
            # The demo would not end by itself: another test drives it.
            arguments = ["--help"] if command == "demo" else arguments
            done = CliRunner().invoke(cli, [command, *arguments])
            assert done.exit_code == 0, f"{line}: {done.output}"
            said[command] = done.stdout
        assert ministack.keys("lab-data") == ["raw/run7.parquet"]
        assert len(ministack.upload_ids("lab-data")) == 1  # which is younger than seven days

    assert said["put"] == "s3://lab-data/raw/run7.parquet\n"
    assert said["verify"] == "run7.parquet: OK\n"
    assert "raw/begun.parquet" in said["ls"]
    assert "is ready for pages of https://hub.example.org" in said["check"]


def test_everything_it_asks_of_a_widget_is_there() -> None:
    asked = set(re.findall(r"\bw\.(\w+)", README))

    assert {"value", "observe", "on_complete"} <= asked
    assert not [name for name in asked if not hasattr(UploadWidget, name)]


def test_every_command_it_names_is_in_the_makefile() -> None:
    named = set(re.findall(r"\bmake ([a-z]+)(?=`| {2,}| [A-Z]+=)", README))
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert {"demo", "test"} <= named
    assert named <= targets


def test_every_command_of_the_command_line_is_shown() -> None:
    assert set(re.findall(r"^s3upload ([a-z]+)", README, re.MULTILINE)) == set(cli.commands)


def test_every_file_it_links_to_is_there_and_pictures_are_small() -> None:
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link}
    pictures = set(re.findall(r'(?:src|srcset)="([^"]+)"', README))

    assert all((ROOT / path).is_file() for path in links)
    assert pictures == {"docs/light.png", "docs/dark.png"}
    assert all(0 < (ROOT / path).stat().st_size <= PICTURE_BYTES for path in pictures)


def test_its_headings_are_where_its_links_point() -> None:
    headings = re.findall(r"^## (.+)$", README, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", text.lower()).replace(" ", "-") for text in headings}

    assert set(re.findall(r"\]\(#([^)]+)\)", README)) <= anchors


def test_the_cors_rule_and_the_policy_are_those_of_the_code() -> None:
    shown = [json.loads(text) for language, _, text in BLOCKS if language == "json"]

    assert shown == [cors_rule(["https://hub.example.org"]), iam_policy("lab-data", "raw/")]


def test_every_trait_of_ours_is_in_its_table_and_synced_as_it_says() -> None:
    own = UploadWidget.class_own_traits()
    shown = {
        name: len(row) > 2 and row[2] == "yes"
        for row in rows(section("Using it"))
        for name in quoted(row[0])
        if name in own
    }

    traits = {
        name: bool(trait.metadata.get("sync"))
        for name, trait in own.items()
        if not name.startswith("_")
    }
    assert shown == traits


@pytest.mark.parametrize("record", [UploadedFile, FileStatus], ids=lambda record: record.__name__)
def test_every_field_of_what_is_told_of_files_is_in_its_table(record: type) -> None:
    row = next(row for row in rows(section("Using it")) if f"`{record.__name__}`" in row[1])

    assert quoted(row[1])[1:] == list(record.__annotations__)


def test_every_method_is_in_its_table() -> None:
    shown = {
        name.removeprefix("await ").partition("(")[0]
        for row in rows(section("Using it"))
        for name in quoted(row[0])
        if "(" in name
    }

    inherited = {name for cls in UploadWidget.__mro__[1:] for name in vars(cls)} - {"close"}
    methods = {
        name
        for name, value in vars(UploadWidget).items()
        if callable(value) and not isinstance(value, traitlets.TraitType)
    }
    assert shown == {name for name in methods - inherited if not name.startswith("_")}


def test_its_errors_are_those_of_the_code() -> None:
    shown = [tuple(cell.strip("`") for cell in row[:3]) for row in rows(section("Errors"))]

    assert sorted(shown) == sorted(
        (error.code, error.__name__, str(error.__doc__).replace("``", "`"))
        for error in all_errors()
    )


def test_every_error_says_what_to_do() -> None:
    assert all(len(row) == 4 and row[3].endswith(".") for row in rows(section("Errors")))


def test_what_it_says_verifies_an_object_is_what_the_code_can_say() -> None:
    told = [row[0].strip("`") for row in rows(section("What is verified, and how"))]

    assert told == list(get_args(VerifiedBy))


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("one file", f"{S3_LIMITS.max_object_size // TB} TB"),
        ("parts of a file", f"{S3_LIMITS.max_parts:,}"),
        (
            "one part, except the last",
            f"{S3_LIMITS.min_part_size // MiB} MiB to {S3_LIMITS.max_part_size // GiB} GiB",
        ),
        ("default part size", f"{S3_LIMITS.default_part_size // MiB} MiB, "),
        ("length of a key", f"{MAX_KEY_BYTES:,} bytes"),
        ("metadata of an object", f"{MAX_METADATA_BYTES:,} bytes"),
        ("parts at a time", f"6 by default, {MAX_CONCURRENCY} at most"),
        ("lifetime of a URL", f"{URL_LIFETIME:,} seconds"),
    ],
)
def test_its_limits_are_those_of_the_code(what: str, limit: str) -> None:
    told = {row[0]: row[1] for row in rows(section("Limits"))}

    assert told[what].startswith(limit)
