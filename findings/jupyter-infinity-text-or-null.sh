#!/usr/bin/env bash
# Guess:   a number that the kernel sends to the page is a number there or an error here; JSON knows no
#          infinity, so setting a synced Float to it fails or gives null.
# Instead: the page gets the *text* "inf" or "nan". After `pip install orjson` in the kernel's environment,
#          and nothing else, it gets null from the same code. Neither is an error.
# Version: jupyter_client 8.10.0, traitlets 5.16.1, orjson 3.13.0.
# Why:     an upload's rate or time left is easily x / 0. A page that handles null then computes with a
#          string on other machines ("inf" + 1 is "inf1"), and which of the two depends on a package that
#          other packages bring along.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
pip=$work/venv/bin/pip
"$pip" install -qq jupyter_client==8.10.0 traitlets==5.16.1
cat >"$work/send.py" <<'PYTHON'
import math

from jupyter_client.session import Session
from traitlets import Float, HasTraits


class Upload(HasTraits):
    seconds_left = Float()
    rate = Float()
    progress = Float(0.5)


upload = Upload(seconds_left=math.inf, rate=math.nan)
print(Session(key=b"demo").pack(dict(sorted(upload.trait_values().items()))).decode().replace(" ", ""))
PYTHON
as_it_is=$("$work/venv/bin/python" -W ignore "$work/send.py")
"$pip" install -qq orjson==3.13.0
with_orjson=$("$work/venv/bin/python" -W ignore "$work/send.py")
"$pip" list 2>/dev/null | grep -E '^(jupyter_client|traitlets|orjson) '
printf '%s\n' "as it is:    $as_it_is" "with orjson: $with_orjson"
[[ $as_it_is == '{"progress":0.5,"rate":"nan","seconds_left":"inf"}' ]]
[[ $with_orjson == '{"progress":0.5,"rate":null,"seconds_left":null}' ]]
