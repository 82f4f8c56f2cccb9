"""Shiny: the widget as an output; what arrived is a reactive value that a callback sets."""

from __future__ import annotations

from typing import Any

from reports import make_widget, report
from shiny import App, reactive, render, ui
from shinywidgets import output_widget, reactive_read, render_widget

page = ui.page_fluid(
    output_widget("upload"), ui.output_text_verbatim("listed"), ui.output_text_verbatim("state")
)


def server(input: Any, output: Any, session: Any) -> None:  # noqa: A002  Shiny's names
    arrived: reactive.Value[tuple[str, ...]] = reactive.value(())

    def note(file: Any) -> None:
        with reactive.isolate():
            arrived.set((*arrived.get(), file.name))

    @render_widget
    def upload() -> Any:
        widget = make_widget()
        widget.on_complete(note)
        return widget

    @render.text
    def listed() -> str:
        report("listed", arrived.get())
        return "arrived: " + ", ".join(arrived.get())

    @render.text
    def state() -> str:
        return f"state: {reactive_read(upload.widget, 'state')}"


app = App(page, server)
