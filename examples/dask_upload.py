"""Send files of a shared file system to S3 by the workers of a Dask cluster, which need no credentials.

    python dask_upload.py tcp://scheduler:8786 s3://lab-data/raw/ /lustre/run7/*.h5

The workers read, hash and send the parts; this script signs and verifies. Run it again after a
crash: it sends only the missing parts.
"""

from __future__ import annotations

import sys

from distributed import Client

from s3upload_widget import UploadError, upload_files


def main(address: str, uri: str, paths: list[str]) -> int:
    """Send the files; return 1 if one of them is not on S3."""
    with Client(address) as client:
        try:
            files = upload_files(paths, uri, executor=client.get_executor())
        except UploadError as error:  # its message says what to do, its notes name other files
            print(error, *getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)
            return 1
    for file in files:
        print(f"{file.uri}  {file.size:,} bytes, verified by {file.verified_by}")
    return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case [address, uri, *paths] if paths:
            sys.exit(main(address, uri, paths))
        case _:
            sys.exit("usage: dask_upload.py tcp://SCHEDULER:PORT s3://BUCKET/FOLDER/ FILE...")
