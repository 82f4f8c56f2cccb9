"""Which files a script means, and under which keys they go: once each, and none over another."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import pytest

from s3upload_widget.errors import KeyRefusedError, ObjectExistsError, RefusedError
from s3upload_widget.uploader import upload_file, upload_files
from support.clients.scripts import send_all

if TYPE_CHECKING:
    from pathlib import Path

    from support.servers.servers import S3Server


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """``tree/a`` and ``tree/sub/b``."""
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_text("a")
    (folder / "sub" / "b").write_text("b")
    return folder


def put_all(server: S3Server, bucket: str, paths: Any) -> list[str]:
    """The keys that the files got, without their folder."""
    uri = f"s3://{bucket}/raw"
    done = upload_files(paths, uri, client=server.client, progress=False)
    return [each.key.removeprefix("raw/") for each in done]


def test_renamed_files_of_a_batch_get_a_name_each(
    ministack: S3Server, bucket: str, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("run7.csv", "run7-1.csv", "run7-2.csv")]
    for path in paths:
        path.write_text(path.name)
    ministack.client.put_object(Bucket=bucket, Key="run7.csv", Body=b"older")

    outcomes = send_all(ministack, paths, f"s3://{bucket}/", if_exists="rename")

    keys = [outcome.uploaded.key for outcome in outcomes]
    assert keys == ["run7-3.csv", "run7-1.csv", "run7-2.csv"]
    for key, path in zip(keys, paths, strict=True):
        body = ministack.body(bucket, key)
        assert body == path.read_bytes()


def test_renaming_ends_where_every_other_name_is_taken(
    ministack: S3Server, bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3upload_widget.keys.MAX_NAMES", 2)
    path = tmp_path / "run7.csv"
    path.write_text("new")
    for key in ("run7.csv", "run7-1.csv"):
        ministack.client.put_object(Bucket=bucket, Key=key, Body=b"older")

    with pytest.raises(ObjectExistsError, match="1 other names of it exist"):
        send_all(ministack, [path], f"s3://{bucket}/", if_exists="rename")


@pytest.mark.parametrize("kind", [str, os.fspath, lambda path: path])
def test_one_path_alone_is_one_path(
    ministack: S3Server, bucket: str, tree: Path, kind: Any
) -> None:
    assert put_all(ministack, bucket, kind(tree / "a")) == ["a"]
    assert put_all(ministack, bucket, kind(tree)) == ["tree/a", "tree/sub/b"]


def test_a_link_in_a_folder_goes_under_its_own_name(
    ministack: S3Server, bucket: str, tree: Path
) -> None:
    (tree.parent / "elsewhere").write_text("out")
    (tree / "inside").symlink_to("a")
    (tree / "outside").symlink_to(tree.parent / "elsewhere")

    keys = put_all(ministack, bucket, [tree])

    assert keys == ["tree/a", "tree/inside", "tree/outside", "tree/sub/b"]
    body = ministack.body(bucket, "raw/tree/outside")
    assert body == b"out"


def test_links_in_circles_and_into_nothing_are_left_out(
    ministack: S3Server, bucket: str, tree: Path
) -> None:
    (tree / "sub" / "up").symlink_to(tree)
    (tree / "gone").symlink_to("nothing")
    (tree / "self").symlink_to("self")

    assert put_all(ministack, bucket, [tree]) == ["tree/a", "tree/sub/b"]


def test_a_folder_named_by_dots_keeps_its_name(
    ministack: S3Server, bucket: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree)

    assert put_all(ministack, bucket, ".") == ["tree/a", "tree/sub/b"]


def test_what_is_named_twice_goes_once(
    ministack: S3Server, bucket: str, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.parent)
    everything = [tree, *tree.rglob("*"), "tree/a", tree.parent / "x" / ".." / "tree" / "a"]

    assert put_all(ministack, bucket, everything) == ["tree/a", "tree/sub/b"]
    assert put_all(ministack, bucket, sorted(tree.rglob("*"))) == ["a", "sub/b"]
    assert put_all(ministack, bucket, [tree / "a", "tree/a"]) == ["a"]


@pytest.mark.parametrize("paths", [[], ["empty"]], ids=["no path", "an empty folder"])
def test_nothing_to_upload_is_said(
    paths: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.WARNING, "s3upload_widget"):
        assert upload_files(paths, "s3://lab-data/raw/", progress=False) == ()

    assert "nothing goes to s3://lab-data/raw/" in caplog.text


@pytest.mark.parametrize("uri", [None, 7, b"s3://lab-data/"], ids=repr)
def test_what_is_no_address_is_refused_by_name(uri: Any, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("a")
    with pytest.raises(RefusedError, match=r"is no S3 address: give s3://bucket"):
        upload_file(path, uri)
    with pytest.raises(RefusedError, match=r"is no S3 address: give s3://bucket"):
        upload_files([path], uri)


def test_an_address_that_no_key_can_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefusedError, match="cannot be used"):
        upload_files([tmp_path], "s3://lab-data/../raw")
