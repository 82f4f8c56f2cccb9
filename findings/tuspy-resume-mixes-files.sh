#!/usr/bin/env bash
# Guess:   tuspy with store_url=True resumes the upload of *that* file: it knows a file by a fingerprint of
#          its content, so another file (or the corrected one) begins an upload of its own.
# Instead: the fingerprint is the size and an MD5 of the first 64 KiB, without the name. A second file with
#          the same head and size gets the first one's upload and sends its own tail behind the
#          first one's bytes. Every answer is a success; uploading either file again sends nothing more.
# Version: tuspy 1.1.0 (against tuspyserver 4.4.3).
# Why:     files of one instrument (HDF5, TIFF stacks, fixed-width logs) share head and size, and an
#          interrupted batch is when a store of URLs is used. Give a fingerprinter of your own.
#          It was made so for speed: https://github.com/tus/tus-py-client/pull/37
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq tuspy==1.1.0 tuspyserver==4.4.3 uvicorn==0.54.0
cd "$work"
venv/bin/python - <<'PYTHON'
import importlib.metadata
import socket
import threading
import time
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage
from tuspyserver import create_tus_router

print("tuspy", importlib.metadata.version("tuspy"))
stored = Path("stored")
app = FastAPI()
app.include_router(create_tus_router(files_dir=str(stored), prefix="files"))
listener = socket.create_server(("127.0.0.1", 0))
server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
thread.start()
while not server.started:
    time.sleep(0.1)
client = TusClient("http://127.0.0.1:%d/files/" % listener.getsockname()[1])
urls = FileStorage("urls.json")
header = bytes(80_000)
Path("monday.bin").write_bytes(header + b"M" * 300_000)
Path("tuesday.bin").write_bytes(header + b"T" * 300_000)


def upload(name: str, stop_at: int | None = None) -> str:
    about = {"filename": name, "filetype": "application/octet-stream"}
    uploader = client.uploader(
        name, chunk_size=100_000, store_url=True, url_storage=urls, metadata=about
    )
    begun = uploader.offset
    uploader.upload(stop_at=stop_at)
    print(f"{name}: from {begun} to {uploader.offset} of {uploader.get_file_size()} bytes")
    return uploader.url


interrupted = upload("monday.bin", stop_at=200_000)
tuesday = upload("tuesday.bin")
monday = upload("monday.bin")
server.should_exit = True
thread.join()
found = (stored / tuesday.rsplit("/", 1)[1]).read_bytes()
counts = found.count(b"M"), found.count(b"T")
print("one upload for both:", interrupted == tuesday == monday, "| stored bytes of Monday, Tuesday:", counts)
assert interrupted == tuesday == monday, "the two files are no longer taken for one"
assert len(found) == 380_000 and counts == (120_000, 180_000), "the stored file is no longer a mixture"
PYTHON
