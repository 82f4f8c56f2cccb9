from __future__ import annotations

import copy
import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3upload_widget import protocol
from s3upload_widget.checksums import md5, sha256
from s3upload_widget.errors import ProtocolError

FILE = "file_0001"
HEX = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
PICK = {
    "file_id": FILE,
    "name": "run7.csv",
    "path": "out/run7.csv",
    "size": 1,
    "type": "text/csv",
    "last_modified": 1.5,
    "if_exists": "",
    "twin": False,
    "key": "raw/run7.csv",
    "upload_id": "upload 1",
}
KNOWN = {"key": "raw/run7.csv", "upload_id": "upload 1"}
PART = {
    "file_id": FILE,
    "part_number": 1,
    "sha256": sha256(b""),
    "md5": "",
    "refused": [],
    "perhaps_stored": False,
}
SUMMARY = {
    "state": "idle",
    "waiting_for": "",
    "progress": 0.5,
    "bytes_done": 1,
    "bytes_total": 2,
    "rate": 1.5,
    "eta": -1,
    "error": "",
}
PROGRESS = {
    "file_id": FILE,
    "state": "uploading",
    "waiting_for": "network",
    "error": "",
    "bytes_done": 1,
    "parts_done": 0,
    "parts_in_flight": [{"part_number": 1, "bytes_sent": 1}],
}
REQUESTS: dict[str, dict[str, Any]] = {
    "hello": {"version": 1, "origin": "https://hub.example.org"},
    "fetch_page_code": {},
    "pick_files": {"origin": "https://hub.example.org", "files": [PICK]},
    "compare_object": {
        "file_id": FILE,
        "part_size": 8,
        "parts_sha256": [sha256(b"")],
        "parts_md5": [md5(b"")],
        "sha256": HEX,
    },
    "create_multipart_upload": {"file_id": FILE, "refused": []},
    "presign_parts": {"parts": [PART], "origins": []},
    "complete_multipart_upload": {
        "file_id": FILE,
        "parts_sha256": [sha256(b"")],
        "parts_md5": [md5(b"")],
        "sha256": HEX,
        "taken": False,
        "etag": "",
    },
    "relay_part": {"stream": "stream_01", "part": PART},
    "relay_frame": {"stream": "stream_01", "offset": 8},
    "end_relay": {"stream": "stream_01"},
    "try_frame": {},
    "complete_files": {
        "files": [
            {
                "kind": "complete_multipart_upload",
                "file_id": FILE,
                "parts_sha256": [sha256(b"")],
                "parts_md5": [],
                "sha256": HEX,
                "taken": False,
                "etag": "",
            }
        ],
    },
    "abort_multipart_upload": {"file_id": FILE},
    "forget_file": {"file_id": FILE},
    "list_unfinished": {"remembered": [KNOWN], "others": False},
    "abort_unfinished": {"file_id": "", "upload": KNOWN},
    "diagnose": {"file_id": FILE, "origin": "null"},
    "find_routes": {"file_id": FILE, "origin": "null"},
    "report_progress": {
        "number": 1,
        "summary": SUMMARY,
        "files": [PROGRESS],
        "removed": [FILE],
        "last_order": 0,
        "tried": {"number": 0, "reached": False},
    },
    "hand_over": {"file_ids": [FILE]},
}
"""A well-formed request of each kind."""


def message(template: str, **changes: Any) -> dict[str, Any]:
    request = {"kind": template, **copy.deepcopy(REQUESTS[template]), **changes}
    return {"rid": "r1", "client": "client_01", "request": request}


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_request_of_each_kind_is_understood_and_keeps_all_it_says(kind: str) -> None:
    envelope = protocol.decode(message(kind))

    assert msgspec.to_builtins(envelope) == message(kind)


def test_every_request_has_its_replies() -> None:
    kinds = {request.__struct_config__.tag for request in protocol.KINDS}

    assert kinds == set(REQUESTS)
    assert set(protocol.KINDS) == set(get_args(protocol.Request))
    replies = {reply for kind in protocol.KINDS.values() for reply in kind.replies}
    assert replies | {protocol.Failed} == set(get_args(protocol.Reply))


@pytest.mark.parametrize("kind", REQUESTS)
def test_a_field_too_many_is_refused(kind: str) -> None:
    with pytest.raises(ProtocolError, match="surprise"):
        protocol.decode(message(kind, surprise=1))


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in REQUESTS.items() for field in fields]
)
def test_a_field_too_few_is_refused(kind: str, field: str) -> None:
    content = message(kind)
    del content["request"][field]

    with pytest.raises(ProtocolError, match=field):
        protocol.decode(content)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        pytest.param("hello", {"version": "1"}, id="text for a number"),
        pytest.param("hello", {"version": True}, id="truth for a number"),
        pytest.param("hello", {"version": 1.5}, id="fraction for a whole number"),
        pytest.param("hello", {"kind": "goodbye"}, id="unknown kind"),
        pytest.param("hello", {"kind": "welcome"}, id="a reply for a request"),
        pytest.param("abort_multipart_upload", {"file_id": ""}, id="empty file id"),
        pytest.param("abort_multipart_upload", {"file_id": "short"}, id="short file id"),
        pytest.param("abort_multipart_upload", {"file_id": "x" * 65}, id="long file id"),
        pytest.param("abort_multipart_upload", {"file_id": "../../../x"}, id="path as file id"),
        pytest.param("abort_multipart_upload", {"file_id": FILE + "\n"}, id="line feed after id"),
        pytest.param("pick_files", {"files": []}, id="a pick of nothing"),
        pytest.param("pick_files", {"files": [PICK] * 1_001}, id="a pick too large"),
        pytest.param("pick_files", {"files": PICK}, id="no list"),
        pytest.param("pick_files", {"origin": "x" * 4_097}, id="endless origin"),
        pytest.param("pick_files", {"files": [{**PICK, "size": -1}]}, id="negative size"),
        pytest.param("pick_files", {"files": [{**PICK, "size": 2**53}]}, id="inexact size"),
        pytest.param("pick_files", {"files": [{**PICK, "size": None}]}, id="no size"),
        pytest.param("pick_files", {"files": [{**PICK, "bucket": "x"}]}, id="a bucket"),
        pytest.param("pick_files", {"files": [{**PICK, "upload_id": "x" * 1_025}]}, id="long id"),
        pytest.param("list_unfinished", {"remembered": [KNOWN] * 201}, id="a long memory"),
        pytest.param("list_unfinished", {"others": 1}, id="number for truth"),
        pytest.param(
            "abort_unfinished", {"file_id": "", "upload": {**KNOWN, "key": ""}}, id="no key"
        ),
        pytest.param(
            "abort_unfinished",
            {"file_id": "", "upload": {**KNOWN, "upload_id": ""}},
            id="no upload",
        ),
        pytest.param("pick_files", {"files": [{**PICK, "if_exists": "x"}]}, id="unknown answer"),
        pytest.param("pick_files", {"files": [{**PICK, "last_modified": 1e300}]}, id="no date"),
        pytest.param("presign_parts", {"origins": [], "parts": []}, id="no part"),
        pytest.param(
            "presign_parts", {"origins": [], "parts": [PART] * 101}, id="too many parts at once"
        ),
        pytest.param(
            "presign_parts", {"origins": [], "parts": [{**PART, "part_number": 0}]}, id="part 0"
        ),
        pytest.param(
            "presign_parts",
            {"origins": [], "parts": [{**PART, "part_number": 10_001}]},
            id="part 10001",
        ),
        pytest.param(
            "presign_parts", {"origins": [], "parts": [{**PART, "sha256": ""}]}, id="no checksum"
        ),
        pytest.param(
            "presign_parts",
            {"origins": [], "parts": [{**PART, "sha256": HEX}]},
            id="hex for base64",
        ),
        pytest.param(
            "presign_parts",
            {"origins": [], "parts": [{**PART, "sha256": sha256(b"") + "\n"}]},
            id="line feed",
        ),
        pytest.param(
            "presign_parts", {"origins": [], "parts": [{**PART, "md5": "x"}]}, id="no MD5"
        ),
        pytest.param(
            "presign_parts",
            {"origins": [], "parts": [{**PART, "upload_id": "x"}]},
            id="an upload id",
        ),
        pytest.param("complete_multipart_upload", {"parts_sha256": []}, id="complete nothing"),
        pytest.param(
            "complete_multipart_upload", {"parts_sha256": [sha256(b"")] * 10_001}, id="too many"
        ),
        pytest.param("complete_multipart_upload", {"sha256": HEX.upper()}, id="upper case"),
        pytest.param("report_progress", {"number": -1}, id="negative count"),
        pytest.param(
            "report_progress", {"summary": {**SUMMARY, "progress": 1.1}}, id="more than all"
        ),
        pytest.param(
            "report_progress",
            {"summary": {**SUMMARY, "progress": float("nan")}},
            id="progress that is no number",
        ),
        pytest.param("report_progress", {"summary": {**SUMMARY, "state": "x"}}, id="no state"),
        pytest.param(
            "report_progress", {"files": [{**PROGRESS, "state": "idle"}]}, id="no file's state"
        ),
    ],
)
def test_a_malformed_request_is_refused(kind: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="breaks the protocol"):
        protocol.decode(message(kind, **changes))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(None, id="nothing"),
        pytest.param([], id="a list"),
        pytest.param("hello", id="text"),
        pytest.param({}, id="empty"),
        pytest.param({**message("hello"), "rid": ""}, id="empty rid"),
        pytest.param({**message("hello"), "rid": "r" * 65}, id="long rid"),
        pytest.param({**message("hello"), "id": "1"}, id="ipykernel's id"),
        pytest.param({**message("hello"), "client": "<script>"}, id="a hostile client"),
        pytest.param({"rid": "r", "client": "client_01"}, id="no request"),
    ],
)
def test_a_malformed_envelope_is_refused(content: object) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode(content)


def test_a_bottomless_message_is_refused() -> None:
    content: dict[str, Any] = {}
    content["request"] = content

    with pytest.raises(ProtocolError):
        protocol.decode(content)


def test_the_complaint_about_a_message_is_short() -> None:
    with pytest.raises(ProtocolError) as refused:
        protocol.decode(message("hello", **{"x" * 100_000: 1}))

    assert len(str(refused.value)) < 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(content=JSON)
def test_whatever_arrives_is_understood_or_refused(content: object) -> None:
    with pytest.raises(ProtocolError):
        protocol.decode(content)


@settings(deadline=None, max_examples=3 * settings().max_examples)
@given(kind=st.sampled_from(sorted(REQUESTS)), data=st.data())
def test_a_request_with_one_value_exchanged_is_understood_or_refused(
    kind: str, data: st.DataObject
) -> None:
    content = message(kind)
    target = content["request"]
    while isinstance(target, dict | list) and target:
        places = sorted(target) if isinstance(target, dict) else range(len(target))
        place: Any = data.draw(st.sampled_from(places))
        if not isinstance(target[place], dict | list) or data.draw(st.booleans()):
            target[place] = data.draw(JSON)
            break
        target = target[place]

    try:
        envelope = protocol.decode(content)
    except ProtocolError:
        return
    assert protocol.decode(msgspec.to_builtins(envelope)) == envelope


def test_what_is_sent_is_plain_json() -> None:
    planned = protocol.PlannedFile(
        file_id=FILE,
        key="k",
        uri="s3://b/k",
        part_size=1,
        parts_total=1,
        hash_file=True,
        md5=False,
        compare=False,
        store="http://127.0.0.1",
        endpoint="",
    )
    reply = protocol.ReplyEnvelope(
        rid="r1", client="client_01", reply=protocol.FilesPicked(obstacles=[], files=[planned])
    )

    encoded = protocol.encode(reply)

    assert json.loads(json.dumps(encoded)) == encoded
    assert encoded["reply"]["kind"] == "files_picked"
    assert encoded["reply"]["files"][0]["kind"] == "planned_file"


def test_every_obstacle_has_its_handling() -> None:
    by_kernel, by_page = get_args(protocol.KernelObstacle), get_args(protocol.PageObstacle)
    assert tuple(protocol.OBSTACLES) == (*by_kernel, *by_page)
