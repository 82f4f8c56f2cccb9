"""What was named, folders with all that is in them: files, what cannot be read, what is left out."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from s3upload_widget.errors import RefusedError
from s3upload_widget.keys import shown
from s3upload_widget.uploader.remote_files import public
from s3upload_widget.uploader.sources import kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from s3upload_widget.uploader.sources import FilePath, Source

BROKEN_LINKS: Final = {errno.ENOENT: "a link to nothing", errno.ELOOP: "a link in a circle"}
EMPTY: Final = "an empty path names no file: give '.' for this folder"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was wanted and is not on S3."""

    path: str
    """As it was named, without what signs it."""
    error: Exception

    def __str__(self) -> str:
        """One sentence for people, and what was added to it."""
        text = str(self.error) or type(self.error).__name__
        named = text if Path(self.path).name in text else f"{shown(self.path)}: {text}"
        notes: Iterable[str] = getattr(self.error, "__notes__", ())
        return "\n".join([named, *notes])


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry of a folder that is left out on purpose."""

    path: str
    what: str
    """``a link to a folder``, ``a pipe`` …"""

    def __str__(self) -> str:
        """One sentence for people."""
        return f"{shown(self.path)} is {self.what}: left out"


@dataclass(frozen=True, slots=True)
class Expanded:
    """What was found where it was named."""

    files: list[tuple[FilePath | Source, str]] = field(default_factory=list)
    """Each with its path inside the folder that was named; ``""`` if it was named itself."""
    unreadable: list[Failure] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def expand_paths(paths: FilePath | Iterable[FilePath]) -> Expanded:
    """List each file once.

    A file in a folder that is named too belongs to the folder: a pattern such as ``**`` names both.
    """
    named: dict[Path | str, FilePath] = {}
    found = Expanded()
    for path in [paths] if isinstance(paths, (str, os.PathLike)) else paths:
        if path == "":  # a variable that was not set, and never a wish for all that is here
            found.unreadable.append(Failure("", RefusedError(EMPTY)))
        else:
            named.setdefault(_identify(path), path)
    folders = {place for place in named if isinstance(place, Path) and _is_folder(place)}
    for place, path in named.items():
        if isinstance(place, Path) and folders.intersection(place.parents):
            continue
        if place in folders:
            _walk(Path(path), Path(place).name, found)
        else:
            found.files.append((path, ""))
    return found


def display(path: FilePath | Source) -> str:
    """How a file was named, without what signs it."""
    return public(path) if isinstance(path, str) else str(getattr(path, "name", path))


def summary(skipped: Sequence[Skipped]) -> str:
    """Everything that was left out, named and counted."""
    return f"{len(skipped)} left out: " + ", ".join(
        f"{shown(each.path)} ({each.what})" for each in skipped
    )


def _identify(path: FilePath) -> Path | str:
    """The same for all ways to name one file; a link to a file is where the link is."""
    if isinstance(path, str) and "://" in path:
        return path
    if _is_folder(path):
        return Path(os.path.realpath(path))
    folder, name = os.path.split(path)
    try:
        return Path(os.path.realpath(folder or "."), name)
    except ValueError:  # no path can be that, as opening it says
        return Path(path)


def _is_folder(path: FilePath) -> bool:
    """Whether it is one that can be seen; where ``Path.is_dir`` raises, opening it says more."""
    return os.path.isdir(path)  # noqa: PTH112


def _walk(folder: Path, inside: str, found: Expanded) -> None:
    """Add the files of a folder at any depth, in order; links to other folders are not followed."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError as error:
        found.unreadable.append(Failure(str(folder), error))
        return
    for name in names:
        try:
            _add(folder / name, f"{inside}/{name}", found)
        except OSError as error:  # noqa: PERF203 - that stops no other
            found.unreadable.append(Failure(str(folder / name), error))


def _add(path: Path, inside: str, found: Expanded) -> None:
    try:
        status = path.stat()
    except OSError as error:
        if error.errno not in BROKEN_LINKS or not path.is_symlink():
            raise
        found.skipped.append(Skipped(str(path), BROKEN_LINKS[error.errno]))
        return
    if stat.S_ISREG(status.st_mode):
        found.files.append((path, inside))
    elif not stat.S_ISDIR(status.st_mode):
        found.skipped.append(Skipped(str(path), kind(status)))
    elif path.is_symlink():
        found.skipped.append(Skipped(str(path), "a link to a folder"))
    else:
        _walk(path, inside, found)
