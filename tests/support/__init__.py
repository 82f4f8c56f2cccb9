"""What the tests stand on: real servers, a faulty wire, a real browser, a real JupyterLab."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
"""The folder of the project."""
