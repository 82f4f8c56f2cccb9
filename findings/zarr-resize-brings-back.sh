#!/usr/bin/env bash
# Guess:   what resize() of a zarr array cuts off is gone; made larger again, the array has its fill value there,
#          as a data set of HDF5 has: resize() deletes the chunks outside.
# Instead: it deletes whole chunks only. What was in the rest of the last chunk comes back as data: here 106 and
#          107, then the fill value. The same after append() to the shorter array, so a run that is
#          recorded again, shorter and then longer, has old values between the new ones.
# Version: zarr 3.1.6, h5py 3.16.0, s3fs 2026.9.0 (against moto 5.2.5).
# Why:     how many old values come back depends on the chunk's size alone, and they are plausible values. Reported
#          in 2022: https://github.com/zarr-developers/zarr-python/issues/1017
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq zarr==3.1.6 h5py==3.16.0 s3fs==2026.9.0 boto3==1.43.117 \
  'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
cd "$work"
venv/bin/python - <<'PYTHON'
import logging
from importlib.metadata import version

import boto3
import h5py
import numpy as np
import zarr
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)
print(*(f"{package} {version(package)}" for package in ("zarr", "h5py", "s3fs")))
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
address = "http://127.0.0.1:%d" % server.get_host_and_port()[1]
session = boto3.Session("demo", "demo-secret", region_name="us-east-1")
s3 = session.client("s3", endpoint_url=address)
s3.create_bucket(Bucket="lab")
store = {"key": "demo", "secret": "demo-secret", "endpoint_url": address}
shape = {"shape": (12,), "chunks": (4,), "dtype": "i4"}
old = np.arange(100, 112)


def in_zarr(name: str) -> zarr.Array:
    array = zarr.create_array(f"s3://lab/{name}", **shape, fill_value=-1, storage_options=store)
    array[:] = old
    array.resize((6,))
    return array


def in_hdf5(name: str) -> h5py.Dataset:
    array = h5py.File(name, "w").create_dataset("run", **shape, fillvalue=-1, maxshape=(None,))
    array[:] = old
    array.resize((6,))
    return array


def longer(array: zarr.Array | h5py.Dataset) -> list[int]:
    array.resize((12,))
    return array[:].tolist()


recorded = in_zarr("recorded")
recorded.append(np.array([1], dtype="i4"))
chunks = [each["Key"] for each in s3.list_objects_v2(Bucket="lab", Prefix="recorded/c/")["Contents"]]
by_hdf5, by_zarr, appended = longer(in_hdf5("run.h5")), longer(in_zarr("run")), longer(recorded)
server.stop()
print("12 values cut to 6 and made 12 again, HDF5:", by_hdf5)
print("zarr:", by_zarr)
print("zarr, one appended before:", appended, "| chunks left after the cut:", len(chunks))
kept = old[:6].tolist()
assert by_hdf5 == kept + [-1] * 6, "HDF5 brings values back as well"
assert by_zarr == kept + [106, 107] + [-1] * 4, "zarr brings other values back"
assert appended == kept + [1, 107] + [-1] * 4 and len(chunks) == 2, "append() brings other values back"
PYTHON
