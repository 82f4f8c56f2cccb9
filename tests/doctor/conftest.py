"""What tests of the doctor share: its patience."""

from __future__ import annotations

import pytest

from s3upload_widget.doctor import preflight, trial_put


@pytest.fixture(autouse=True)
def _waits_for_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that stands still for some seconds is no network that gives no answer."""
    for module, name in ((preflight, "TIMEOUT"), (trial_put, "TIMEOUT"), (trial_put, "_PATIENCE")):
        monkeypatch.setattr(module, name, 60.0)
