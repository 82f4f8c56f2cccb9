"""Everything that users, files, credentials, buckets and networks get wrong: one row for each."""

from __future__ import annotations

from typing import Final

from support.bad_input.actions import (
    change_on_the_way,
    hold_until_it_vanished,
    huge,
    no_rule,
    put_the_rule_of_the_message,
    slowly,
    touch_on_the_way,
    vanish_on_the_way,
)
from support.bad_input.refusals import REFUSALS
from support.bad_input.stage import PART, SEVERAL, Trouble, always, forever
from support.proxy.faults import CutRequest

HUB: Final = "https://hub.example.org"
PICK_AGAIN: Final = "pick it again"
PUT: Final = ("UploadPart", "PutObject")

TABLE: Final = (
    *REFUSALS,
    # the file and its name
    Trouble(
        cause="a file above max_size",
        options=lambda _: {"max_size": PART},
        says=(f"'{{name}}' has {SEVERAL} bytes; {PART} are allowed here",),
        remedy="pick a smaller file, or have max_size= raised",
        then="pick another",
    ),
    Trouble(
        cause="a file above S3's limit",
        before=huge,
        name="huge.bin",
        size=1,
        says=(
            "'huge.bin' is too large",
            "has 51000000000000 bytes; S3 holds at most 50000000000000",
        ),
        remedy="split the file",
        then="pick another",
    ),
    Trouble(
        cause="a type outside accept",
        options=lambda _: {"accept": ".csv,.parquet,text/plain"},
        says=("'{name}' is not of a kind taken here",),
        remedy="pick a file of .csv,.parquet,text/plain",
        then="pick another",
    ),
    Trouble(
        cause="a hostile name",
        name="run\\..\\7.bin",
        says=(r"'run\\..\\7.bin' cannot be stored", "it holds a backslash"),
        remedy="rename the file, or give key=",
        then="pick another",
    ),
    Trouble(
        cause="a function key= that leaves the folder",
        options=lambda _: {"key": lambda picked: picked.name.replace("run7", "../../etc/run7")},
        says=("'{name}' cannot be stored as '../../etc/run7.bin'", "a folder called '.' or '..'"),
        remedy="give another name with key=",
        then="pick another",
    ),
    Trouble(
        cause="a function key= that fails",
        options=lambda _: {"key": lambda picked: {"good.csv": "good.csv"}[picked.name]},
        says=("key= failed for '{name}': KeyError",),
        remedy="correct the function",
        then="pick another",
    ),
    Trouble(
        cause="a file that vanished before it was read",
        before=lambda stage: stage.bridge.hold(),
        meanwhile=hold_until_it_vanished,
        says=("{name} was changed, moved or deleted after it was picked",),
        remedy=PICK_AGAIN,
        then="pick again",
    ),
    *(
        Trouble(
            cause=cause,
            before=slowly,
            meanwhile=deed,
            size=12 * PART,
            sent=True,
            says=("{name} was changed, moved or deleted after it was picked",),
            remedy=PICK_AGAIN,
            then="pick again",
        )
        for cause, deed in (
            ("a file that vanishes while it is sent", vanish_on_the_way),
            ("a file that is written anew while it is sent", change_on_the_way),
            ("a file whose time of change differs while it is sent", touch_on_the_way),
        )
    ),
    # the ways to S3
    Trouble(
        cause="an S3 that the kernel does not reach",
        before=lambda stage: stage.kernel.go_offline(),
        state="waiting",
        says=("the kernel cannot reach S3 for s3://{bucket}",),
        remedy="check the network and the client's endpoint_url",
        then="by itself",
    ),
    Trouble(
        cause="an S3 that has too much to do",
        kernel=always("CreateMultipartUpload", 503, "SlowDown"),
        state="waiting",
        says=("S3 did not manage CreateMultipartUpload on s3://{bucket}/{name} (SlowDown)",),
        remedy="try again",
        then="by itself",
    ),
    Trouble(
        cause="an S3 that nobody reaches by the page's address",
        obstacle="unavailable",
        before=lambda stage: stage.wire.go_offline(),
        state="waiting",
        says=("neither the page nor the kernel reaches {wire}",),
        remedy="check that the server runs and that its address is right",
        then="by itself",
    ),
    Trouble(
        cause="an S3 that the kernel reaches and the page does not",
        obstacle="unreachable_from_page",
        wire=tuple(fault for each in (*PUT, "Reach") for fault in forever(each, CutRequest())),
        state="waiting",
        says=("the kernel reaches {wire}", "but the page does not reach it"),
        remedy="if the browser knows the server by another address, give browser_endpoint_url=",
        then="by itself",
    ),
    Trouble(
        cause="something that breaks uploads off",
        obstacle="unreachable_from_page",
        size=2 * PART + 1000,
        wire=tuple(fault for put in PUT for fault in forever(put, CutRequest(1))),
        state="waiting",
        says=("This page reaches http://{wire}, but what it sends there gets no answer",),
        sent=True,
        remedy="a proxy, a VPN or a protection program may break uploads off",
        then="by itself",
    ),
    Trouble(
        cause="a host that the page cannot resolve",
        obstacle="unavailable",
        options=lambda _: {"browser_endpoint_url": "http://no-such-host.test:9999"},
        state="waiting",
        says=("neither the page nor the kernel", "no-such-host.test"),
        remedy="check that the server runs and that its address is right",
        then="another widget",
    ),
    Trouble(
        cause="an https page with an http store",
        obstacle="mixed_content",
        options=lambda stage: {"browser_endpoint_url": f"http://lab.test:{stage.wire.port}"},
        before=lambda stage: stage.come_by(HUB),
        says=(f"this page came by https ({HUB})", "sends nothing to http://lab.test:"),
        remedy="give browser_endpoint_url= the server's https address",
        cure=lambda stage: stage.come_by(""),
        then="another widget",
    ),
    Trouble(
        cause="a bucket without a CORS rule",
        obstacle="cors",
        options=no_rule,
        says=("the bucket '{bucket}' does not let pages of {origin} send files (CORS)",),
        remedy='"AllowedOrigins": [',
        cure=put_the_rule_of_the_message,
    ),
    Trouble(
        cause="a bucket without a CORS rule, with a file of one part",
        obstacle="cors",
        options=no_rule,
        size=1000,
        says=("the bucket '{bucket}' does not let pages of {origin} send files (CORS)",),
        remedy='"AllowedOrigins": [',
        cure=put_the_rule_of_the_message,
    ),
)
