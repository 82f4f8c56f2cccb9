#!/usr/bin/env bash
# Guess:   zipfile writes to storage.open("export.zip", "wb") of django-storages as it does to Django's own local
#          storage; a file that cannot seek says so (seekable()), and zipfile then does without.
# Instead: the S3 file says that it can, and sends what it has as a part from 5 MiB on. tell() and seek() then count
#          from the start of the part. Of 8 MiB in eight members 17 are stored, with the first member damaged,
#          and nothing is raised; of 3 MiB all is right.
# Version: django-storages 1.14.6, Django 5.2.19, Python 3.11 (against moto 5.2.5).
# Why:     an export of a small project is right and passes the tests; the large one is a broken archive with all
#          names in it. Programs found it in their own exports: https://github.com/kobotoolbox/kobocat/issues/475
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq django-storages==1.14.6 django==5.2.19 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
mkdir files
venv/bin/python - <<'PYTHON'
import logging
import zipfile
from importlib.metadata import version

import boto3
import django
from django.conf import settings
from django.core.files.storage import FileSystemStorage, Storage
from moto.server import ThreadedMotoServer

settings.configure()
django.setup()
from storages.backends.s3 import S3Storage

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print(*(f"{package} {version(package)}" for package in ("django-storages", "django")))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
s3 = boto3.Session("demo", "demo-secret", region_name="us-east-1").client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
MIB = 1 << 20
keys = {"access_key": "demo", "secret_key": "demo-secret", "region_name": "us-east-1"}
storages = {
    "local": FileSystemStorage(location="files"),
    "s3": S3Storage(bucket_name="lab", endpoint_url=address, **keys),
}


def export(storage: Storage, members: int) -> tuple[int, int, str | None]:
    """The size in MiB of a zip with so many members of 1 MiB, the names in it, and the first damaged one."""
    name = f"{members}.zip"
    with storage.open(name, "wb") as file, zipfile.ZipFile(file, "w") as archive:
        for number in range(members):
            archive.writestr(f"{number}.bin", bytes([number]) * MIB)
    with storage.open(name) as file, zipfile.ZipFile(file) as archive:
        return storage.size(name) // MIB, len(archive.namelist()), archive.testzip()


found = {(name, members): export(storage, members) for name, storage in storages.items() for members in (3, 8)}
server.stop()
for (name, members), outcome in found.items():
    print(f"{name}, {members} members of 1 MiB: {outcome[0]} MiB, {outcome[1]} names, damaged: {outcome[2]}")
assert found["local", 3] == found["s3", 3] == (3, 3, None), "the small one is not right"
assert found["local", 8] == (8, 8, None), "the local one is not right"
assert found["s3", 8] == (17, 8, "0.bin"), "the large one is not damaged, or otherwise"
PYTHON
