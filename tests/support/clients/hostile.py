"""What a hostile page may say over its comm, from junk to requests with one wrong field."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from s3upload_widget.checksums import md5, sha256
from support.page.uploading import MiB

FILES: Final = ("file_0001", "file_0002", "stranger_1")
NAMES: Final = (
    *(
        "a.bin",
        "b.bin",
        "../secret/x",
        "/etc/passwd",
        "..%2f..%2fsecret/x",
        "secret/../../secret/x",
    ),
    *("a\\..\\b", "\ud800", "x" * 4096, "", ".", "a\r\nx-amz-acl: public-read", "a\0b", "é\u202e"),
    *("?partNumber=1&uploadId=1", "#fragment", "<img src=x onerror=alert(1)>", "{place}", "%s%n"),
)
KEYS: Final = ("", "secret/x", "raw/../secret/x", "raw/a.bin", "raw/", "/secret/x", "raw//../x")
SIZES: Final = (0, 1, 5 * MiB + 1, 48 * MiB, 5 * 10**13, 5 * 10**13 + 1, 2**53 - 1)
CHECKSUM: Final = sha256(b"")

numbers = (
    st.integers(-3, 10_002)
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([0, 1, 10_000, 10_001, -1, 2**53, 2**64, 10**400])
)
junk = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=8) | st.sampled_from(NAMES),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "rid", "client", "request", "file_id", "id", "method"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ids = st.sampled_from(FILES)
refusals = st.fixed_dictionaries(
    {
        "status": st.sampled_from([0, 400, 413, 501]),
        "s3_code": st.sampled_from(["", "NotImplemented", "EntityTooLarge", "InvalidArgument"]),
        "said": st.sampled_from(["", "part number 2", "x-amz-checksum-sha256"]),
        "headers": st.lists(st.sampled_from(["if-none-match", "x-amz-checksum-sha256", "a"])),
    }
)
parts = st.fixed_dictionaries(
    {
        "file_id": ids,
        "part_number": st.sampled_from([1, 1, 2, 2, 3, 10_000]),
        "sha256": st.just(CHECKSUM),
        "md5": st.sampled_from(["", md5(b"")]),
        "refused": st.lists(refusals, max_size=1),
        "perhaps_stored": st.booleans(),
    }
)
streams = st.sampled_from(["stream_01", "stream_02"])
picks = st.fixed_dictionaries(
    {
        "file_id": ids,
        "name": st.sampled_from(NAMES),
        "path": st.sampled_from(NAMES) | st.just("a.bin"),
        "size": st.sampled_from(SIZES) | st.just(5 * MiB + 1),
        "type": st.sampled_from(["", "text/csv", "a/b\r\nx: y", "x" * 4096]),
        "last_modified": st.sampled_from([0, -8.64e15, 8.64e15, 1.5]),
        "if_exists": st.sampled_from(["", "overwrite", "rename", "read"]),
        "twin": st.booleans(),
        "key": st.sampled_from(KEYS),
        "upload_id": st.sampled_from(["", "", "{secret}", "{mine}", "u"]),
    }
)
known = st.fixed_dictionaries(
    {
        "key": st.sampled_from(KEYS[1:]),
        "upload_id": st.sampled_from(["{secret}", "{mine}", "u", "../u?a=1"]),
    }
    # S3 knows no such upload of a key inside of the place; moto looks at the id alone.
).filter(lambda each: each["upload_id"] != "{secret}" or each["key"] not in {"raw/a.bin", "raw/"})
origins = st.sampled_from(["", "null", "http://localhost:8888", "https://hub\r\nx: y", "\ud800"])


def kind(name: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(name), **fields})


well_formed = st.one_of(
    kind("pick_files", origin=origins, files=st.lists(picks, min_size=1, max_size=3)),
    kind(
        "create_multipart_upload",
        file_id=ids,
        refused=st.lists(st.sampled_from(["{secret}", "{mine}", "u"]), max_size=2),
    ),
    kind(
        "presign_parts",
        parts=st.lists(parts, min_size=1, max_size=4),
        origins=st.lists(origins, max_size=5),
    ),
    kind("find_routes", file_id=ids, origin=origins),
    kind("relay_part", stream=streams, part=parts),
    kind("relay_frame", stream=streams, offset=st.sampled_from([0, 1, 2**53 - 1])),
    kind("end_relay", stream=streams),
    kind("try_frame"),
    kind(
        "complete_multipart_upload",
        file_id=ids,
        parts_sha256=st.lists(st.just(CHECKSUM), min_size=1, max_size=4),
        parts_md5=st.lists(st.sampled_from(["", md5(b"")]), max_size=4),
        sha256=st.sampled_from(["", "0" * 64]),
        taken=st.booleans(),
        etag=st.sampled_from(["", '"x"', f'"{"0" * 32}"']),
    ),
    kind("abort_multipart_upload", file_id=ids),
    kind("forget_file", file_id=ids),
    kind("hand_over", file_ids=st.lists(ids, max_size=3)),
    kind("list_unfinished", remembered=st.lists(known, max_size=3), others=st.booleans()),
    kind("abort_unfinished", file_id=st.one_of(st.just(""), ids), upload=known),
    kind("hello", version=st.sampled_from([1, 0, 2, -1, 2**70]), origin=origins),
)


@st.composite
def spoilt(draw: st.DrawFn) -> dict[str, Any]:
    """A well-formed request with one field that is not."""
    request = dict(draw(well_formed))
    field = draw(st.sampled_from(sorted(request)))
    if draw(st.booleans()):
        del request[field]
    else:
        request[field] = draw(junk)
    return request


envelopes = st.fixed_dictionaries(
    {
        "rid": st.sampled_from(["1", "2", "3", "4", "5"]),  # so that some are replayed
        "client": st.sampled_from(["page-0001", "page-0002", "stranger"]),
        "request": well_formed | well_formed | spoilt() | junk,
    }
)


@st.composite
def stories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One file all the way, of a hostile name and size, with each step perhaps replayed."""
    name, part = draw(ids), draw(parts)
    steps = [
        {"kind": "pick_files", "origin": "", "files": [draw(picks) | {"file_id": name}]},
        {"kind": "create_multipart_upload", "file_id": name, "refused": ["{secret}"]},
        {"kind": "presign_parts", "parts": [part | {"file_id": name}], "origins": []},
    ]
    told = [step for step in steps for _ in range(draw(st.integers(1, 2)))]
    return [
        {"rid": f"{number} {name}", "client": "page-0001", "request": step}
        for number, step in enumerate(told)
    ]


@st.composite
def conversations(draw: st.DrawFn) -> list[Any]:
    """Stories, with anything said in between."""
    said: list[Any] = [each for story in draw(st.lists(stories(), max_size=2)) for each in story]
    for each in draw(st.lists(envelopes | junk, min_size=1, max_size=10)):
        said.insert(draw(st.integers(0, len(said))), each)
    return said


def filled(content: Any, **values: str) -> Any:
    """The content with upload ids of this run."""
    if isinstance(content, dict):
        return {name: filled(value, **values) for name, value in content.items()}
    if isinstance(content, list):
        return [filled(value, **values) for value in content]
    return values.get(content[1:-1], content) if isinstance(content, str) else content
