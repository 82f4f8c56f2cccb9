"""The code that the page copies reads that very object, whatever its key is made of."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from obstore.store import S3Store

from support.clients.snippets import Snippet, read_by, snippets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from support.servers.servers import S3Server

NEIGHBOURS: Mapping[str, str] = {
    "plain": "plain2",
    "p%41": "pA",
    "q%20b": "q b",
    "a#b": "a",
    "50% of it": "50%25 of it",
    "数据 é": "数据",
    "m{1,n}": "m1",
    "g[x]h": "gxh",
    "s*r": "sxr",
    "day?": "day1",
    "day?a=1&b": "day",
    "[*]?": "[x]y",
    "a+[b]{1}.c": "aab1xc",
    'it\'s+"1"=:': "it",
}
"""Beside each name one that a wrong reading of it would find."""


def rows(held: str) -> list[dict[str, object]]:
    return [{"held": held, "n": n} for n in (1, 2)]


def delimited(held: str, by: str) -> bytes:
    return f'held{by}n\n"{held}"{by}1\n"{held}"{by}2\n'.encode()


def lines(held: str) -> bytes:
    return "".join(f"{json.dumps(row)}\n" for row in rows(held)).encode()


def parquet(held: str) -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows(held)), written)
    return written.getvalue()


def arrow(held: str) -> bytes:
    written = io.BytesIO()
    pyarrow.feather.write_feather(pa.Table.from_pylist(rows(held)), written)
    return written.getvalue()


TYPES: Mapping[str, Callable[[str], bytes]] = {
    ".csv": lambda held: delimited(held, ","),
    ".csv.gz": lambda held: gzip.compress(delimited(held, ","), mtime=0),
    ".tsv": lambda held: delimited(held, "\t"),
    ".json": lambda held: json.dumps(rows(held)).encode(),
    ".ndjson": lines,
    ".jsonl.gz": lambda held: gzip.compress(lines(held), mtime=0),
    ".parquet": parquet,
    ".feather": arrow,
}


@pytest.fixture(scope="module")
def objects(seaweed: S3Server) -> Iterator[Mapping[str, str]]:
    """Objects of every name and type, and beside each its neighbour: what each holds, by its URI."""
    with seaweed.bucket() as bucket, ThreadPoolExecutor(8) as threads:

        def put(name: str, ending: str) -> str:
            key = f"raw/{name}{ending}"
            seaweed.client.put_object(Bucket=bucket, Key=key, Body=TYPES[ending](held(name)))
            return f"s3://{bucket}/{key}"

        names = [*NEIGHBOURS, *NEIGHBOURS.values()]
        every = [(name, ending) for name in names for ending in TYPES]
        uris = list(threads.map(put, *zip(*every, strict=True)))
        # All that is left of a#b.parquet where the rest is taken for a fragment.
        seaweed.client.put_object(Bucket=bucket, Key="raw/a", Body=parquet("another"))
        yield {
            uri: held(name)
            for uri, (name, _) in zip(uris, every, strict=True)
            if name in NEIGHBOURS
        }


def held(name: str) -> str:
    """What the object of a name holds: plain text, whatever the name is."""
    return f"object {name.encode().hex()}"


def wrong(
    made: list[Snippet], found: list[object], objects: Mapping[str, str]
) -> list[tuple[str, str, str]]:
    return [
        (snippet.uri, snippet.code, str(got)[:300])
        for snippet, got in zip(made, found, strict=True)
        if got != expected(snippet, objects[snippet.uri])
    ]


def expected(snippet: Snippet, held: str) -> object:
    if snippet.tool != "boto3":
        return [held, held]
    ending = max((each for each in TYPES if snippet.uri.endswith(each)), key=len)
    return hashlib.sha256(TYPES[ending](held)).hexdigest()


def test_each_tool_reads_that_very_object_by_the_servers_address(
    objects: Mapping[str, str], seaweed: S3Server, tmp_path: Path
) -> None:
    made = snippets(objects, seaweed.endpoint_url)
    credentials = {**seaweed.environment, "AWS_ENDPOINT_URL": ""}

    found = read_by(made, credentials, tmp_path)

    assert {each.tool for each in made} == {"pandas", "polars", "DuckDB", "pyarrow", "boto3"}
    assert wrong(made, found, objects) == []


def test_each_tool_reads_that_very_object_where_no_address_is_needed(
    objects: Mapping[str, str], seaweed: S3Server, tmp_path: Path
) -> None:
    uris = [uri for uri in objects if uri.endswith((".parquet", ".csv"))]
    made = [each for each in snippets(uris, "") if each.tool != "DuckDB"]  # it asks AWS only

    found = read_by(made, seaweed.environment, tmp_path)

    assert not [each for each in made if "127.0.0.1" in each.code]
    assert wrong(made, found, objects) == []


def test_duckdbs_code_for_aws_is_the_same_without_the_servers_address(
    objects: Mapping[str, str], seaweed: S3Server
) -> None:
    place = (
        f", ENDPOINT '{seaweed.endpoint_url.partition('://')[2]}', URL_STYLE 'path', USE_SSL false"
    )

    of_server = [
        each.code for each in snippets(objects, seaweed.endpoint_url) if each.tool == "DuckDB"
    ]
    of_aws = [each.code for each in snippets(objects, "") if each.tool == "DuckDB"]

    assert all(code.count(place) == 1 for code in of_server)
    assert of_aws == [code.replace(place, "") for code in of_server]
    assert all("(TYPE s3, PROVIDER credential_chain)" in code for code in of_aws)


def test_obstore_reads_that_very_object_by_the_key_as_it_is(
    objects: Mapping[str, str], seaweed: S3Server
) -> None:
    bucket = next(iter(objects)).split("/")[2]
    store = S3Store(
        bucket,
        endpoint=seaweed.endpoint_url,
        access_key_id=seaweed.access_key,
        secret_access_key=seaweed.secret_key,
        client_options={"allow_http": True},
    )

    for uri, content in objects.items():
        if uri.endswith(".ndjson"):
            read = store.get(uri.removeprefix(f"s3://{bucket}/")).bytes()
            assert bytes(read) == lines(content)
