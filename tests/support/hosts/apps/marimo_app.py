import marimo

app = marimo.App()


@app.cell
def _():
    import copy

    import marimo as mo
    from reports import make_widget, report

    return copy, make_widget, mo, report


@app.cell
def _(make_widget, mo):
    w = mo.ui.anywidget(make_widget())
    w
    return (w,)


@app.cell
def _(report, w):
    report("uris", list(w.value["uris"]))
    return


@app.cell
def _(mo):
    get_names, set_names = mo.state(())
    return get_names, set_names


@app.cell
def _(set_names, w):
    w.on_complete(lambda file: set_names(lambda names: (*names, file.name)))
    return


@app.cell
def _(get_names, report):
    report("names", list(get_names()))
    return


@app.cell
async def _(report, w):
    import time

    for _wait in (w.result, w.wait):
        _start = time.monotonic()
        try:
            _waited = _wait()
            await _waited
        except Exception as _error:
            report("waited", [type(_error).__name__, str(_error), time.monotonic() - _start])
    return


@app.cell
def _(copy, make_widget, mo, report):
    _plain = mo.ui.anywidget(make_widget())
    mo.ui.array([_plain])
    mo.ui.dictionary({"upload": _plain})
    mo.md("{upload}").batch(upload=_plain)
    _plain.form()
    report("copied", repr(copy.deepcopy(_plain).widget))
    return


if __name__ == "__main__":
    app.run()
