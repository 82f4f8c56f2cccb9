"""The rooms of the house: a folder is a room, its door is all that others may import.

Whoever changes the plan changes the tables here, and the table in docs/architecture.md.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import pytest

import s3upload_widget
from s3upload_widget.errors import all_errors
from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PACKAGE = ROOT / "s3upload_widget"
SCRIPTS = ROOT / "js" / "src"
PAPER = (ROOT / "docs" / "architecture.md").read_text("utf-8")
MOST_FILES = 20
"""Source files that may stand side by side in a folder."""

ROOMS = {
    # room, a module or a folder: the rooms whose doors it may use
    "errors": "",
    "policy": "",
    "accept": "",
    "redaction": "",
    "results": "errors",
    "parts": "errors",
    "checksums": "errors",
    "options": "errors parts",
    "keys": "errors results",
    "protocol": "errors parts results",
    "signed_put": "redaction",
    "s3": "errors parts checksums redaction signed_put",
    "workers": "redaction",
    "checksum_files": "errors results checksums keys s3 workers",
    "unfinished": "errors results keys s3 workers",
    "transfer": "errors results parts checksums keys s3 workers",
    "doctor": "errors results parts checksums keys policy s3",
    "service": (
        "errors results parts checksums accept keys policy protocol s3 workers transfer "
        "unfinished doctor"
    ),
    "uploader": (
        "errors results parts options checksums keys redaction signed_put s3 workers transfer"
    ),
    "local": "s3 policy",
    "widget": (
        "errors results parts options keys protocol redaction s3 workers transfer service "
        "unfinished doctor"
    ),
    "interrupt": "",
    "demo": "errors local",
    "cli": "errors results parts options s3 interrupt checksum_files unfinished uploader doctor demo",
}
OUTSIDE = {
    # what a few modules alone may import
    "anywidget": {"widget.page_code", "widget.traits"},
    "boto3": {"s3"},
    "botocore": {"s3"},
    "click": {"cli"},
    "fsspec": {"uploader.remote_files"},
    "ipywidgets": {"widget.traits", "widget.widget"},
    "msgspec": {"protocol"},
    "tqdm": {"uploader.progress"},
    "traitlets": {"widget.page_code", "widget.traits", "widget.widget"},
}
FLOORS = [
    # the page's side: a room imports from the floors before its own, and from no other
    "protocol",
    "tuning ids async model reading page-guard host",
    "text",
    "net",
    "kernel",
    "hashing pick",
    "upload",
    "resume",
    "engine",
    "view",
    "index",
]
DOORS = {
    # the files of a folder of scripts that other folders may import
    "text": "text format snippets",
    "net": "put answer pool line retry reachability rate page-obstacles",
    "kernel": "kernel handshake completions relay",
    "hashing": "workers",
    "pick": "drop file-picker filter",
    "upload": "upload states work parts problem",
    "resume": "offers",
    "engine": "uploads registry ways",
    "view": "mount",
}
ONLY_IN = {
    # what one script, or one folder of them, may touch alone
    r"\bXMLHttpRequest\b": "net/put",
    r"\bfetch\(": "net/",
    r"\bindexedDB\b|from \"idb-keyval\"": "resume/memory",
    r"\bnavigator\.locks\b": "resume/tab-locks",
    r'from "preact': "view/",
}
IMPORT = re.compile(r'^(?:import|export)\b[^;"]*?from "(\.[^"]+)"', re.MULTILINE)


def test_every_room_is_in_the_table_and_every_row_is_a_room() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}

    assert modules | folders == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_from_the_doors_it_may(room: str) -> None:
    allowed = set(ROOMS[room].split())

    imports = [(module, each) for module in modules_of(room) for each in our_imports()[module]]
    wrong = {
        f"{module} imports {name} of {source}"
        for module, (source, name) in imports
        if room_of(source) != room and (source not in allowed or not is_at_door(source, name))
    }

    assert not wrong


@pytest.mark.parametrize("room", [room for room in ROOMS if (PACKAGE / room).is_dir()])
def test_a_door_shows_only_what_others_use(room: str) -> None:
    used = {
        name
        for module, imports in our_imports().items()
        if room_of(module) != room
        for source, name in imports
        if source == room
    }

    assert door(room) <= used | set(s3upload_widget.__all__)


def test_no_module_leads_back_to_itself() -> None:
    modules = {
        module: {source for source, _ in imports if source in our_imports()}
        for module, imports in our_imports().items()
    }

    TopologicalSorter(modules).prepare()
    TopologicalSorter(script_imports()).prepare()


def test_no_two_classes_share_a_name() -> None:
    names = Counter(
        node.name
        for path in PACKAGE.rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef)
    )

    assert [name for name, count in names.items() if count > 1] == []


def test_no_folder_is_too_full_to_be_seen() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "s3upload_widget", "js", "tests", "examples"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    sources = (ROOT / name for name in listed.splitlines() if re.search(r"\.(py|tsx?|mjs)$", name))
    folders = Counter(str(path.parent.relative_to(ROOT)) for path in sources)

    assert {folder: count for folder, count in folders.items() if count > MOST_FILES} == {}


@pytest.mark.parametrize("library", OUTSIDE)
def test_a_library_is_known_to_its_own_modules_alone(library: str) -> None:
    users = {
        dotted(path)
        for path in PACKAGE.rglob("*.py")
        if library in {source.partition(".")[0] for source, _ in imported(path)}
    }

    assert {user for user in users if not {user, room_of(user)} & OUTSIDE[library]} == set()


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, json, s3upload_widget; print(json.dumps(sorted(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    heavy = {"anywidget", "boto3", "botocore", "ipywidgets", "moto", "msgspec", "traitlets"}
    assert not heavy & set(json.loads(done.stdout))


def test_every_public_name_is_there() -> None:
    names = s3upload_widget.__all__

    assert names == sorted(names)
    for name in names:
        assert getattr(s3upload_widget, name).__name__ == name


def test_every_error_that_a_public_function_names_is_public() -> None:
    documented = [getattr(s3upload_widget, name) for name in s3upload_widget.__all__]
    documented += [each for cls in documented for each in vars(cls).values() if callable(each)]
    named = {
        name for each in documented for name in re.findall(r"\w+Error(?=:)", each.__doc__ or "")
    }

    ours = {error.__name__ for error in all_errors()}
    assert "AccessDeniedError" in named
    assert named & ours <= set(s3upload_widget.__all__)


def test_a_name_that_is_not_there_is_said_to_be_missing() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Uploader'"):
        _ = s3upload_widget.Uploader


def test_every_script_stands_on_a_floor() -> None:
    assert {folder_of(script) for script in script_imports()} == set(" ".join(FLOORS).split())


@pytest.mark.parametrize("floor", range(len(FLOORS)), ids=FLOORS)
def test_a_script_imports_only_from_doors_below_it(floor: int) -> None:
    below = set(" ".join(FLOORS[:floor]).split())

    wrong = {
        f"{script} imports {other}"
        for script, others in script_imports().items()
        if folder_of(script) in FLOORS[floor].split()
        for other in others
        if folder_of(other) != folder_of(script)
        and (folder_of(other) not in below or not is_script_door(other))
    }

    assert not wrong


@pytest.mark.parametrize("pattern", ONLY_IN)
def test_a_thing_of_the_browser_is_touched_in_one_place(pattern: str) -> None:
    users = {name_of(path) for path in scripts() if re.search(pattern, path.read_text("utf-8"))}

    assert users
    assert {user for user in users if not user.startswith(ONLY_IN[pattern])} == set()


def test_the_paper_shows_the_same_rooms() -> None:
    kernel, _, page = PAPER.partition("The page's rooms")
    rows = dict(re.findall(r"^\| `(\w+)/?` \| ([^|]*) \|", kernel, re.MULTILINE))
    doors = dict(re.findall(r"^\| `(\w+)/` \| ([^|]*) \|", page, re.MULTILINE))

    assert {room: words(cell) for room, cell in rows.items()} == {
        room: set(allowed.split()) for room, allowed in ROOMS.items()
    }
    assert {room: words(cell) for room, cell in doors.items()} == {
        room: set(door.split()) for room, door in DOORS.items()
    }


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w/-]+\.(?:py|tsx?))`", PAPER))))
def test_the_paper_names_files_that_are_there(path: str) -> None:
    assert any((folder / path).is_file() for folder in (ROOT, PACKAGE, SCRIPTS))


def words(cell: str) -> set[str]:
    return set(re.findall(r"[\w-]+", cell))


def room_of(module: str) -> str:
    return module.partition(".")[0]


def modules_of(room: str) -> Iterator[str]:
    return (module for module in our_imports() if room_of(module) == room)


@cache
def door(room: str) -> set[str]:
    """The names that a folder shows; of a module, any."""
    tree = ast.parse((PACKAGE / room / "__init__.py").read_text("utf-8"))
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                return set(ast.literal_eval(value))
    return set()


def is_at_door(source: str, name: str) -> bool:
    return not (PACKAGE / source).is_dir() or name in door(source)


@cache
def our_imports() -> dict[str, set[tuple[str, str]]]:
    """What each of our modules imports of ours, for types or for good: (module, name)."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        if path.parent == PACKAGE and path.stem in {"__init__", "__main__"}:
            continue
        ours = (each for each in imported(path) if room_of(each[0]) == PACKAGE.name)
        found[dotted(path)] = {resolved(source, name) for source, name in ours}
    return found


def resolved(source: str, name: str) -> tuple[str, str]:
    """The module, without the package's own name, and what is taken from it."""
    module = source.partition(".")[2]
    if not module:  # from s3upload_widget import protocol
        return name, ""
    inner = PACKAGE.joinpath(*module.split("."), f"{name}.py")
    return (f"{module}.{name}", "") if inner.is_file() else (module, name)


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> set[tuple[str, str]]:
    """Every (module, name) that a file imports, at its top or inside a function."""
    names: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names=aliases):
                names |= {(alias.name, "") for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                names |= {(module, alias.name) for alias in aliases}
    return names


def scripts() -> list[Path]:
    return [path for path in SCRIPTS.rglob("*.ts*") if not path.name.endswith(".d.ts")]


@cache
def script_imports() -> dict[str, set[str]]:
    """What each script imports of ours, for types or for good."""
    found: dict[str, set[str]] = {name_of(path): set() for path in scripts()}
    for path in scripts():
        for name in IMPORT.findall(path.read_text("utf-8")):
            if not name.endswith(".css"):
                other = (path.parent / name.removesuffix("?source")).resolve()
                found[name_of(path)].add(name_of(other))
    return found


def name_of(path: Path) -> str:
    """``folder/file`` as another script imports it."""
    return re.sub(r"\.tsx?$", "", path.relative_to(SCRIPTS).as_posix())


def folder_of(script: str) -> str:
    return script.partition("/")[0]


def is_script_door(script: str) -> bool:
    folder, _, file = script.partition("/")
    return not file or file in DOORS[folder].split()
