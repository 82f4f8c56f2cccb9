"""``s3upload``: the package's functions for the command line.

Exit codes: 0 all went well, 1 it failed or was declined, 2 the command was mistyped, 130 Ctrl-C.
"""

from __future__ import annotations

import glob
import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from s3upload_widget.checksum_files import compare_checksums
from s3upload_widget.doctor import check_bucket, remedies
from s3upload_widget.errors import RefusedError, UnsupportedBucketError, UploadError
from s3upload_widget.interrupt import INTERRUPTED, ends_by_ctrl_c
from s3upload_widget.options import IF_EXISTS, MAX_CONCURRENCY, READ_BACK
from s3upload_widget.parts import MiB
from s3upload_widget.s3 import UNKNOWN_TIME, Unreadable, connect
from s3upload_widget.unfinished import abort_all, abort_unfinished, list_unfinished
from s3upload_widget.uploader import (
    Failure,
    Options,
    Outcome,
    expand_paths,
    upload_each,
    upload_pipe,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from types_boto3_s3 import S3Client

    from s3upload_widget.doctor import Remedy, Report
    from s3upload_widget.results import Unfinished


class Commands(click.Group):
    """The commands, with our errors as messages and exit codes."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        for stream in (sys.stdout, sys.stderr):
            # What a terminal cannot encode may be a file's name: no reason to end.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, click.Abort):
            click.echo("\nInterrupted.", err=True)
            ctx.exit(INTERRUPTED)
        except (UploadError, OSError) as error:
            raise click.ClickException(_message(error)) from error


def server_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which server, and as whom; left out, as boto3 finds it."""
    for name, text in (
        ("--region", "The bucket's region."),
        ("--profile", "A profile of ~/.aws/config."),
        ("--endpoint-url", "The server's address, if it is not AWS."),
    ):
        command = click.option(name, help=text)(command)
    return command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="s3upload-widget", prog_name="s3upload")
def cli() -> None:
    """Upload files to S3, resumable and verified; resume also what a browser left unfinished."""


@cli.command()
@click.argument("paths", nargs=-1, required=True)
@click.argument("uri")
@click.option(
    "--if-exists",
    type=click.Choice(IF_EXISTS),
    default="verify",
    show_default=True,
    help="Where the key has an object: skip an equal one, overwrite it, or take another name.",
)
@click.option("--part-size", type=click.IntRange(5, 5120), metavar="MIB", help="MiB of each part.")
@click.option(
    "--max-concurrency", type=click.IntRange(1, MAX_CONCURRENCY), show_default="as many as help"
)
@click.option("--restart", is_flag=True, help="Leave unfinished uploads, and start over.")
@click.option(
    "--read-back",
    type=click.IntRange(0),
    metavar="MIB",
    default=READ_BACK // MiB,
    show_default=True,
    help="MiB of the largest object that is read back where S3 shows no checksum to compare.",
)
@click.option("--name", help="With '-': the name of the file that standard input is.")
@click.option("--no-progress", is_flag=True, help="Show no bar.")
@server_options
def put(
    paths: tuple[str, ...],
    uri: str,
    *,
    if_exists: Any,
    part_size: int | None,
    max_concurrency: int | None,
    restart: bool,
    read_back: int,
    name: str | None,
    no_progress: bool,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
) -> None:
    """Upload files, or resume what is unfinished of them.

    PATHS are files, folders, patterns such as '*.parquet', fsspec URLs, or - for standard input. URI
    is s3://bucket/key for one file, or s3://bucket/folder/. What is on S3 is printed, one URI a line.
    """
    piped = _piped_name(paths, uri, name)
    named = [each for path in paths for each in _matching(path)]
    folder = len(named) > 1 or Path(named[0]).is_dir()
    options = Options(
        client=_client(endpoint_url, profile, region),
        if_exists=if_exists,
        part_size=part_size and part_size * MiB,
        max_concurrency=max_concurrency,
        restart=restart,
        read_back=read_back * MiB,
        progress=not no_progress and sys.stderr is not None and sys.stderr.isatty(),
    )
    if piped:
        _finish([upload_pipe(_standard_input(), piped, uri, options)], 0)
        return
    found = expand_paths(named)
    for each in found.skipped:
        click.echo(str(each), err=True)
    if not (found.files or found.unreadable):
        msg = f"there is no file in {', '.join(named)}"
        raise click.ClickException(msg)
    results = upload_each(found.files, f"{uri.removesuffix('/')}/" if folder else uri, options)
    _finish([*results, *found.unreadable], len(found.skipped))


@cli.command()
@click.argument("uri")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@server_options
def ls(
    uri: str, *, as_json: bool, endpoint_url: str | None, profile: str | None, region: str | None
) -> None:
    """List unfinished uploads: S3 keeps, and bills, their parts."""
    found = list_unfinished(uri, client=_client(endpoint_url, profile, region))
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in found], indent=2))
    else:
        _show(found)


@cli.command()
@click.argument("uri")
@click.option("--older-than", required=True, help="Age of the last part, such as 7d, 12h or 30m.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def abort(
    uri: str,
    *,
    older_than: str,
    yes: bool,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
) -> None:
    """Delete the parts of unfinished uploads that got no part for a while."""
    client = _client(endpoint_url, profile, region)
    old = abort_unfinished(uri, older_than=older_than, dry_run=True, client=client)
    _show(old)
    if not old:
        return
    if not yes and not click.confirm(f"Delete what S3 holds of these {len(old)} uploads?"):
        msg = "nothing was aborted"
        raise click.ClickException(msg)
    # While the question was open, somebody may have resumed one of them.
    still = abort_unfinished(uri, older_than=older_than, dry_run=True, client=client)
    shown = {each.upload_id for each in old}
    aborted = [each for each in still if each.upload_id in shown]
    abort_all(aborted)
    click.echo(f"{len(aborted)} aborted", err=True)


@cli.command()
@click.argument("uri")
@click.option("--origin", help="Of your JupyterLab: what the browser shows before the path.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--fix", is_flag=True, help="Add a missing CORS or lifecycle rule, after asking.")
@click.option("--yes", is_flag=True, help="With --fix: do not ask.")
@server_options
def check(
    uri: str,
    *,
    origin: str | None,
    as_json: bool,
    fix: bool,
    yes: bool,
    endpoint_url: str | None,
    profile: str | None,
    region: str | None,
) -> None:
    """Check whether pages can upload to a bucket, and say what is missing.

    URI is s3://bucket, or a folder in it. No object is made. Without --fix, nothing is changed.
    """
    if yes and not fix:
        msg = "--yes goes with --fix"
        raise click.UsageError(msg)
    client = _client(endpoint_url, profile, region)
    report = _checked(uri, origin, client)
    found = remedies(report, client=client) if fix else ()
    if found and not as_json:
        click.echo(f"{report}\n")
    added = [_add(remedy, yes=yes) for remedy in found]
    if any(added):
        report = _checked(uri, origin, client)
    if as_json:
        click.echo(report.as_json())
    elif any(added) or not found:
        click.echo(report)
    blocked = any(isinstance(remedy, Unreadable) for remedy in found)
    click.get_current_context().exit(0 if report.ok and not blocked else 1)


@cli.command()
@click.argument("uri")
@click.option("--checksums", required=True, metavar="FILE", help="As sha256sum writes it.")
@server_options
def verify(
    uri: str, *, checksums: str, endpoint_url: str | None, profile: str | None, region: str | None
) -> None:
    """Compare what S3 holds with a checksum file.

    URI is the s3://bucket/folder/ that the file's names are below, or one key. What S3 lists no
    certain checksum of is read. Exits with 1 if an object differs, is missing or cannot be read.
    """
    client = _client(endpoint_url, profile, region)
    compared = compare_checksums(uri, checksums, client=client)
    for each in compared:
        click.echo(str(each))
    wrong = sum(each.result != "equal" for each in compared)
    click.echo(f"{len(compared) - wrong} of {len(compared)} objects are equal", err=True)
    click.get_current_context().exit(1 if wrong else 0)


@cli.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def demo(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab with the widget and an S3 server of its own."""
    from s3upload_widget.demo import main as run  # noqa: PLC0415 - needs what others do not

    click.get_current_context().exit(run(list(arguments)))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; ends the process with its exit code."""
    with ends_by_ctrl_c():
        cli(args=arguments, prog_name="s3upload")


def _client(endpoint_url: str | None, profile: str | None, region: str | None) -> S3Client | None:
    if not (endpoint_url or profile or region):
        return None
    try:
        return connect(endpoint_url=endpoint_url, profile=profile, region=region)
    except RefusedError as error:
        raise click.UsageError(str(error)) from error


def _checked(uri: str, origin: str | None, client: S3Client | None) -> Report:
    try:
        return check_bucket(uri, origin=origin, client=client)
    except UnsupportedBucketError:
        raise
    except RefusedError as error:
        raise click.UsageError(str(error)) from error


def _add(remedy: Remedy | Unreadable, *, yes: bool) -> bool:
    """Show a rule, ask, and add it; whether it was added."""
    if isinstance(remedy, Unreadable):
        click.echo(f"Nothing is written, because what is there would be lost: {remedy}", err=True)
        return False
    click.echo(str(remedy), err=True)
    if not yes and not click.confirm("Add it?", err=True):
        return False
    remedy.apply()
    click.echo("Added.\n", err=True)
    return True


def _piped_name(paths: Sequence[str], uri: str, name: str | None) -> str:
    """The name of the file that standard input is; ``""`` where that is not to be uploaded."""
    if "-" not in paths:
        if name:
            msg = "--name goes with '-', which is standard input"
            raise click.UsageError(msg)
        return ""
    if len(paths) > 1:
        msg = "'-' is standard input, and goes alone"
        raise click.UsageError(msg)
    piped = name or ("" if uri.endswith("/") else uri.partition("://")[2].partition("/")[2])
    if not piped:
        msg = "standard input has no name: give --name, or a whole key such as s3://bucket/run7.csv"
        raise click.UsageError(msg)
    return piped.rpartition("/")[2]


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        msg = "standard input is closed"
        raise click.UsageError(msg)
    return sys.stdin.buffer


def _matching(path: str) -> list[str]:
    """The files that match a pattern which no shell expanded; else the path itself."""
    if "://" in path or Path(path).exists() or not glob.has_magic(path):
        return [path]
    found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207 - also for absolute patterns
    if not found:
        msg = f"no file matches {path!r}"
        raise click.UsageError(msg)
    return found


def _message(error: Exception) -> str:
    notes: Iterable[str] = getattr(error, "__notes__", ())
    return "\n".join([str(error), *notes])


def _finish(results: Sequence[Outcome | Failure], skipped: int) -> None:
    """Print what is on S3 and what is not; exits with 1 where something is not."""
    outcomes = [each for each in results if isinstance(each, Outcome)]
    failures = [each for each in results if isinstance(each, Failure)]
    printed = _print(outcome.uploaded.uri for outcome in outcomes)
    for failure in failures:
        click.echo(f"Error: {failure}", err=True)
    more = f"; {len(failures)} failed" * bool(failures) + f"; {skipped} left out" * bool(skipped)
    click.echo(_summary(outcomes) + more, err=True)
    if failures or not printed:
        click.get_current_context().exit(1)


def _print(uris: Iterable[str]) -> bool:
    """Print them; whether standard output took all. Nothing of what else is to be said is lost."""
    try:
        for uri in uris:
            click.echo(uri)
    except OSError as error:
        msg = f"standard output does not take what is on S3 ({error.strerror})"
        click.echo(f"Error: {msg}", err=True)
        return False
    return True


def _summary(outcomes: list[Outcome]) -> str:
    sent = sum(outcome.stats.sent for outcome in outcomes)
    kept = sum(outcome.stats.kept for outcome in outcomes)
    resent = sum(outcome.stats.resent for outcome in outcomes)
    return (
        f"{len(outcomes)} on S3; parts: {sent} sent, {kept} skipped because they were there, "
        f"{resent} sent again because they differed"
    )


def _as_json(found: Unfinished) -> dict[str, object]:
    """All but the upload id, which is private."""
    return {
        "name": found.name,
        "uri": found.uri,
        "bytes_done": found.bytes_done,
        "parts_done": found.parts_done,
        "part_size": found.part_size,
        "started": _moment(found.started),
        "last_part_at": _moment(found.last_part_at),
        "initiator": found.initiator,
        "problem": found.problem,
    }


def _moment(when: datetime) -> str | None:
    """None where the server does not say."""
    return when.isoformat() if when > UNKNOWN_TIME else None


def _show(found: Sequence[Unfinished]) -> None:
    for each in found:
        known = each.last_part_at > UNKNOWN_TIME
        when = f"{each.last_part_at.astimezone():%Y-%m-%d %H:%M}" if known else f"{'unknown':16}"
        size = f"{each.bytes_done / MiB:.1f} MiB"
        problem = f"  ({each.problem})" if each.problem else ""
        click.echo(f"{when}  {size:>14}  {each.parts_done:>5} parts  {each.uri}{problem}")
    if not found:
        click.echo("nothing is unfinished", err=True)
