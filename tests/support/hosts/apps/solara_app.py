"""Solara: the widget as an element of a component, made once for each visitor."""

import solara
from reports import make_widget


@solara.component
def Page():
    widget = solara.use_memo(make_widget, [])
    solara.display(widget)
