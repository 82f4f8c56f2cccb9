"""Panel: the widget beside a pane that an observer fills."""

import panel as pn
from reports import make_widget, report

pn.extension("ipywidgets")
widget = make_widget()
state = pn.pane.Str("state: idle")
widget.observe(lambda change: setattr(state, "object", f"state: {change['new']}"), names="state")


async def wait(_event):
    report("waited", [file.name for file in await widget.wait()])


button = pn.widgets.Button(name="Wait")
button.on_click(wait)
pn.Column(pn.panel(widget), state, button).servable()
