"""Send a folder to S3: skip the files that are there, resume the unfinished ones.

    python send_folder.py /data/run7 s3://lab-data/raw/run7/

Run it as often as you like, from any machine that has the files: after a crash, from cron, or
after a browser was closed in the middle. It sends only the missing parts.
"""

from __future__ import annotations

import sys
from pathlib import Path

from s3upload_widget import UploadError, abort_unfinished, list_unfinished, upload_file


def main(folder: Path, uri: str) -> int:
    """Send every file below ``folder``; return the number of failures."""
    failed = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            done = upload_file(path, f"{uri}{path.relative_to(folder).as_posix()}")
        except UploadError as error:  # its message says what to do; go on to the next file
            print(f"{path}: {error}", file=sys.stderr)
            failed += 1
        else:
            print(f"{done.uri}  {done.size:,} bytes, verified by {done.verified_by}")
    abort_unfinished(uri, older_than="30d")  # S3 bills the parts of unfinished uploads
    for left in list_unfinished(uri):
        print(f"unfinished: {left.uri}, {left.bytes_done:,} bytes on S3", file=sys.stderr)
    return failed


if __name__ == "__main__":
    match sys.argv[1:]:
        case [folder, uri] if uri.endswith("/"):
            sys.exit(1 if main(Path(folder), uri) else 0)
        case _:
            sys.exit("usage: send_folder.py FOLDER s3://BUCKET/FOLDER/")
