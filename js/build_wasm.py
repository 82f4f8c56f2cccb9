"""Compile ``blocks.c`` to WebAssembly, with SIMD and without; knows nothing else of the project.

The compiler is Zig's, from PyPI. What it makes stands in the repository: it is a large download,
and whoever builds the widget does not need it. The same version makes the same bytes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

COMPILER: Final = "ziglang==0.15.2"
ROOT: Final = Path(__file__).resolve().parent.parent
HASHING: Final = ROOT / "js" / "src" / "hashing"
SOURCE: Final = HASHING / "blocks.c"
FLAGS: Final = {"blocks-simd.wasm": ["-msimd128"], "blocks-scalar.wasm": []}
"""By what they make."""

_TARGET: Final = ["-target", "wasm32-freestanding", "-nostdlib", "-O3", "-Wall", "-Wextra"]
_EXPORTS: Final = ["state", "input", "sha256", "md5"]
_LINK: Final = ["--no-entry", "--strip-all", *(f"--export={name}" for name in _EXPORTS)]


def build(target: Path) -> None:
    """Write the modules into the folder ``target``."""
    packages = _compiler()
    link = [f"-Wl,{option}" for option in _LINK]
    for name, flags in FLAGS.items():
        made = str(target / name)
        command = [sys.executable, "-m", "ziglang", "cc", *_TARGET, *flags, *link, "-o", made]
        environment = dict(os.environ, PYTHONPATH=str(packages))
        subprocess.run([*command, SOURCE.name], cwd=SOURCE.parent, env=environment, check=True)


def _compiler() -> Path:
    """Return the folder that the compiler is in; fetch it if it is not there."""
    packages = ROOT / ".cache" / COMPILER
    if not packages.is_dir():
        fetched = packages.with_name(f"{COMPILER}.part")
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        options = ["--no-deps", "--no-compile", "--upgrade", "--target", str(fetched)]
        subprocess.run([*pip, *options, COMPILER], check=True)
        fetched.rename(packages)
    return packages


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else HASHING)
