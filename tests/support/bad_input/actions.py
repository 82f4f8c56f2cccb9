"""What is done to a widget's options, its file, its bucket and its ways to S3, to provoke an error."""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.compat import get_current_datetime

from s3upload_widget.s3 import presigner
from support.bad_input.stage import PART
from support.files import make_file

if TYPE_CHECKING:
    from datetime import tzinfo

    from typing_extensions import Self

    from support.bad_input.stage import Stage

WRONG_ACCESS_KEY: Final = "AKIAIOSFODNN7EXAMPLE"
WRONG_SECRET_KEY: Final = "wrong-secret-key-of-nobody"


def wrong_credentials(stage: Stage) -> dict[str, Any]:
    stage.environment(WRONG_ACCESS_KEY, WRONG_SECRET_KEY)
    return {"client": None}


def no_credentials(stage: Stage) -> dict[str, Any]:
    stage.environment()
    return {"client": None}


def missing_bucket(stage: Stage) -> dict[str, Any]:
    stage.server.empty(stage.bucket)
    stage.server.client.delete_bucket(Bucket=stage.bucket)
    return {}


def make_the_bucket(stage: Stage) -> None:
    stage.server.client.create_bucket(Bucket=stage.bucket)
    put_cors(
        stage,
        {
            "CORSRules": [
                {"AllowedMethods": ["PUT"], "AllowedOrigins": ["*"], "AllowedHeaders": ["*"]}
            ]
        },
    )


def put_cors(stage: Stage, rules: Any) -> None:
    stage.server.client.put_bucket_cors(Bucket=stage.bucket, CORSConfiguration=rules)


def no_rule(stage: Stage) -> dict[str, Any]:
    stage.server.client.delete_bucket_cors(Bucket=stage.bucket)
    return {}


def put_the_rule_of_the_message(stage: Stage) -> None:
    error = stage.widget.error
    put_cors(stage, json.loads(error[error.index("{") : error.rindex("}") + 1]))


def vanish(stage: Stage) -> None:
    stage.file.unlink()


def hold_until_it_vanished(stage: Stage) -> None:
    vanish(stage)
    stage.bridge.release()


def vanish_on_the_way(stage: Stage) -> None:
    stage.until_some_is_sent()
    vanish(stage)
    stage.wire.clear_faults()


def change_on_the_way(stage: Stage) -> None:
    stage.until_some_is_sent()
    make_file(stage.file, 5 * PART, seed=7)
    stage.wire.clear_faults()


def touch_on_the_way(stage: Stage) -> None:
    stage.until_some_is_sent()
    os.utime(stage.file, (1, 1))
    stage.wire.clear_faults()


def slowly(stage: Stage) -> None:
    stage.wire.pace_total(2 * PART)


def huge(stage: Stage) -> None:
    # No file system here holds such a file: the browser is made to say that it is so large.
    stage.page.evaluate(
        """Object.defineProperty(File.prototype, "size",
            { get() { return this.name === "huge.bin" ? 51e12 : 1000; } })"""
    )


class LateClock(datetime):
    """The clock that templates of URLs are signed by, two hours late."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return super().now(tz) - timedelta(hours=2)


def clock_two_hours_late(stage: Stage) -> None:
    def late(remove_tzinfo: bool = True) -> datetime:
        return get_current_datetime(remove_tzinfo) - timedelta(hours=2)

    stage.patch.setattr("botocore.auth.get_current_datetime", late)
    stage.patch.setattr(presigner, "datetime", LateClock)


def right_clock(stage: Stage) -> None:
    stage.patch.setattr("botocore.auth.get_current_datetime", get_current_datetime)
    stage.patch.setattr(presigner, "datetime", datetime)
