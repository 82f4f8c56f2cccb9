#!/usr/bin/env bash
# Guess:   mo.ui.array and mo.ui.dictionary give the values of their elements, as marimo's tutorial says.
# Instead: for an anywidget they give only what the page changed last: {} at first, and after a slider, then
#          a name, {"name": …} alone, although .elements[0].value has both all the time.
# Version: marimo 0.25.2, anywidget 0.11.0, ipywidgets 8.1.9.
# Why:     a cell that works with one widget, `w.value["column"]`, raises KeyError with an array of them, or,
#          written with .get(), takes the default instead of what the user chose a moment ago.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -qq marimo==0.25.2 anywidget==0.11.0 ipywidgets==8.1.9 traitlets==5.16.1
cd "$work"
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import anywidget
import marimo as mo
import traitlets


class Filter(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    column = traitlets.Unicode("all").tag(sync=True)
    limit = traitlets.Int(10).tag(sync=True)

    def __deepcopy__(self, memo: dict) -> "Filter":  # an array copies its elements, and ipywidgets asks for this
        return Filter()


def shown(value: dict) -> dict:
    return {name: value[name] for name in ("column", "limit") if name in value}


print("marimo", version("marimo"))
single, array = mo.ui.anywidget(Filter()), mo.ui.array([mo.ui.anywidget(Filter())])
slider = mo.ui.array([mo.ui.slider(0, 10)])
seen = [(shown(single.value), shown(array.value[0]), slider.value)]
for change in ({"limit": 3}, {"column": "time"}):  # what the page sends when the user changes a trait
    single._update(change)
    array._update({"0": change})
    seen.append((shown(single.value), shown(array.value[0]), slider.value))
element = shown(array.elements[0].value)
for alone, grouped, _ in seen:
    print("one widget:", alone, "| in an array:", grouped)
print("the array's element:", element)
assert seen[0][2] == [0], "an array has no values of its elements at first"
assert element == seen[-1][0] == {"column": "time", "limit": 3}
assert [grouped for _, grouped, _ in seen] == [{}, {"limit": 3}, {"column": "time"}], "the array has all now"
PYTHON
