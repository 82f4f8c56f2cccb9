from __future__ import annotations

import unicodedata
from datetime import datetime, timezone
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3upload_widget.accept import accepts
from s3upload_widget.errors import KeyRefusedError, RefusedError
from s3upload_widget.keys import folder, object_key, parse_target, renamed, stands_inside
from s3upload_widget.results import PickedFile

if TYPE_CHECKING:
    from collections.abc import Callable


def picked(name: str = "run7.parquet", path: str = "") -> PickedFile:
    return PickedFile(
        name=name,
        path=path or name,
        size=1,
        type="",
        last_modified=datetime(2026, 1, 1, tzinfo=timezone.utc),
    )


@pytest.mark.parametrize(
    "name",
    [
        "run7.parquet",
        "Überprüfung 1.csv",
        "日本語.txt",
        "👩‍🔬.bin",
        "a+b&c=d#e?f%20g;h'i(j)!*~.csv",
        "...",
        "..a",
        ".bashrc",
        "name.",
        'quote".txt',
        "x" * 1_020,
    ],
)
def test_an_ordinary_name_is_its_own_key(name: str) -> None:
    assert object_key(picked(name), prefix="raw", key=None) == f"raw/{name}"


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("", id="empty"),
        pytest.param(".", id="dot"),
        pytest.param("..", id="dots"),
        pytest.param("../secret", id="parent"),
        pytest.param("a/../../secret", id="parent inside"),
        pytest.param("a/./b", id="dot inside"),
        pytest.param("a/..", id="dots at the end"),
        pytest.param("%2e%2e/secret", id="encoded dots"),
        pytest.param("a/.%2E/secret", id="half encoded dots"),
        pytest.param("/etc/passwd", id="leading slash"),
        pytest.param("a//b", id="double slash"),
        pytest.param("a/", id="final slash"),
        pytest.param("a\\b", id="backslash"),
        pytest.param("..\\secret", id="parent with a backslash"),
        pytest.param("a\0b", id="NUL"),
        pytest.param("a\nb", id="line feed"),
        pytest.param("a\x7fb", id="DEL"),
        pytest.param("a\x85b", id="C1 control"),
        pytest.param("a\ud800b", id="lone surrogate"),
        pytest.param("a\uffffb", id="no character of XML"),
        pytest.param("a ", id="final space"),
        pytest.param(" a", id="leading space"),
        pytest.param("dir /a", id="folder with a final space"),
        pytest.param("\u3000a", id="leading wide space"),
        pytest.param("x" * 1_021, id="a byte too long with its prefix"),
        pytest.param("é" * 511, id="too long in UTF-8"),
    ],
)
def test_a_hostile_name_is_refused(name: str) -> None:
    with pytest.raises(KeyRefusedError) as refused:
        object_key(picked(name), prefix="raw/", key=None)

    assert str(refused.value).isprintable()


def test_a_name_is_shown_shortened_and_without_control_characters() -> None:
    with pytest.raises(KeyRefusedError) as refused:
        object_key(picked("\x1b[31m\u202e" + "x" * 5_000), prefix="", key=None)

    message = str(refused.value)
    assert message.isprintable()
    assert len(message) < 400


def test_a_file_of_a_dropped_folder_keeps_its_path() -> None:
    file = picked("run7.parquet", "out/2026/run7.parquet")

    assert object_key(file, prefix="raw/", key=None) == "raw/out/2026/run7.parquet"


def test_both_ways_to_write_an_umlaut_give_one_key() -> None:
    composed, decomposed = "Ü.csv", unicodedata.normalize("NFD", "Ü.csv")

    assert composed != decomposed
    assert object_key(picked(decomposed), prefix="", key=None) == composed


def test_a_given_key_stands_inside_the_prefix() -> None:
    assert object_key(picked(), prefix="raw", key="today/run.parquet") == "raw/today/run.parquet"


def test_a_function_gives_keys_inside_the_prefix() -> None:
    key = object_key(picked("a.csv"), prefix="raw", key=lambda file: f"{file.size}-{file.name}")

    assert key == "raw/1-a.csv"


def fails(file: PickedFile) -> str:
    raise LookupError(file.name)


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        pytest.param(fails, "LookupError", id="raises"),
        pytest.param(lambda _: 7, "gave int", id="gives a number"),
        pytest.param(lambda _: None, "gave NoneType", id="gives nothing"),
        pytest.param(lambda _: "../other/run7", "resolved by the browser", id="leaves the prefix"),
        pytest.param(lambda _: "/run7", "starts with '/'", id="begins at the top"),
        pytest.param(lambda _: "", "empty", id="gives an empty name"),
        pytest.param(lambda _: "folder/", "ends in '/'", id="gives a folder"),
    ],
)
def test_a_function_that_gives_no_good_key_is_told_so(
    key: Callable[[PickedFile], str], complaint: str
) -> None:
    with pytest.raises(KeyRefusedError, match=complaint) as refused:
        object_key(picked(), prefix="raw/", key=key)

    assert "run7.parquet" in str(refused.value)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [("", ""), ("raw", "raw/"), ("raw/", "raw/"), ("raw/2026", "raw/2026/")],
)
def test_a_prefix_is_a_folder(prefix: str, expected: str) -> None:
    assert folder(prefix) == expected


@pytest.mark.parametrize("prefix", ["/", "//", "/raw", "raw//", "a//b", "..", "raw/../x", "a\\b"])
def test_a_prefix_is_held_to_the_same_rules(prefix: str) -> None:
    with pytest.raises(KeyRefusedError, match="prefix="):
        folder(prefix)


@pytest.mark.parametrize(
    ("target", "prefix", "expected"),
    [
        ("lab-data", "", ("lab-data", "")),
        ("lab-data", "raw", ("lab-data", "raw/")),
        ("s3://lab-data", "", ("lab-data", "")),
        ("s3://lab-data/", "raw", ("lab-data", "raw/")),
        ("s3://lab-data/raw/2026", "", ("lab-data", "raw/2026/")),
        ("S3://lab-data/raw/", "", ("lab-data", "raw/")),
        (
            "s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/lab/raw",
            "",
            ("arn:aws:s3:eu-west-1:123456789012:accesspoint/lab", "raw/"),
        ),
    ],
)
def test_a_target_is_a_bucket_and_a_prefix(
    target: str, prefix: str, expected: tuple[str, str]
) -> None:
    assert parse_target(target, prefix) == expected


@pytest.mark.parametrize(
    ("target", "prefix", "complaint"),
    [
        ("https://s3.amazonaws.com/lab-data", "", "no S3 address"),
        ("s3://lab-data/raw", "other", "give one"),
        ("s3://", "", "names no bucket"),
        ("s3:///raw", "", "names no bucket"),
        ("s3://lab-data//raw", "", "prefix="),
    ],
)
def test_a_target_that_is_unclear_is_refused(target: str, prefix: str, complaint: str) -> None:
    with pytest.raises(RefusedError, match=complaint):
        parse_target(target, prefix)


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("raw/a.csv", "raw/", True),
        ("raw/2026//a.csv", "raw/", True),  # another program's, and inside whatever is made of it
        ("a.csv", "", True),
        ("raw2/a.csv", "raw/", False),
        ("raw/../secret/x", "raw/", False),
        ("raw/%2E%2e/secret/x", "raw/", False),
        ("raw/./x", "raw/", False),
        ("raw/..\\secret", "raw/", False),
        ("raw/a\nb", "raw/", False),
        ("../x", "", False),
    ],
)
def test_a_key_that_a_page_names_stands_inside_the_folder_or_does_not(
    key: str, prefix: str, expected: bool
) -> None:
    assert stands_inside(key, prefix) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("raw/run7.parquet", "raw/run7-1.parquet"),
        ("run7", "run7-1"),
        ("v1.2/run7", "v1.2/run7-1"),
        (".bashrc", ".bashrc-1"),
        ("a.tar.gz", "a.tar-1.gz"),
    ],
)
def test_another_name_keeps_the_extension(key: str, expected: str) -> None:
    assert renamed(key, 1) == expected


@pytest.mark.parametrize(
    ("accept", "name", "media_type", "expected"),
    [
        ("", "a.exe", "", True),
        (" , ", "a.exe", "", True),
        (".csv", "A.CSV", "", True),
        (".csv", "a.csv.exe", "", False),
        (".csv", ".csv", "", False),
        (".tar.gz", "a.tar.gz", "", True),
        ("text/csv", "a", "text/csv; charset=utf-8", True),
        ("text/csv", "a.csv", "", False),
        ("image/*", "a", "image/png", True),
        ("image/*", "a", "imagery/png", False),
        ("image/*,.pdf", "a.pdf", "", True),
        ("*/*", "a", "", True),
    ],
)
def test_accept_follows_the_grammar_of_html(
    accept: str, name: str, media_type: str, expected: bool
) -> None:
    assert accepts(accept, name, media_type) == expected


@settings(deadline=None)
@given(name=st.text(max_size=30), prefix=st.sampled_from(["", "raw", "a/b/"]))
def test_whatever_is_let_through_stays_as_it_is_on_its_way(name: str, prefix: str) -> None:
    try:
        key = object_key(picked(name), prefix=prefix, key=None)
    except KeyRefusedError:
        return

    path = urlsplit(f"https://host/{quote(key, safe='/~')}").path
    assert unquote(path) == f"/{key}"
    assert key.startswith(folder(prefix))
    assert not {"", ".", ".."} & set(key.split("/"))
    assert len(key.encode()) <= 1_024
