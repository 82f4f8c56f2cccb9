import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    from reports import make_widget, report

    return make_widget, mo, report


@app.cell
def _(make_widget, mo):
    array = mo.ui.array([mo.ui.anywidget(make_widget(prefix="array"))])
    array
    return (array,)


@app.cell
def _(array, report):
    report("array", list(array.elements[0].value["uris"]))
    return


@app.cell
def _(make_widget, mo):
    dictionary = mo.ui.dictionary({"upload": mo.ui.anywidget(make_widget(prefix="dictionary"))})
    dictionary
    return (dictionary,)


@app.cell
def _(dictionary, report):
    report("dictionary", list(dictionary.elements["upload"].value["uris"]))
    return


@app.cell
def _(make_widget, mo):
    batch = mo.md("{upload}").batch(upload=mo.ui.anywidget(make_widget(prefix="batch")))
    batch
    return (batch,)


@app.cell
def _(batch, report):
    report("batch", list(batch.elements["upload"].value["uris"]))
    return


@app.cell
def _(make_widget, mo):
    form = mo.ui.anywidget(make_widget(prefix="form")).form()
    form
    return (form,)


@app.cell
def _(form, report):
    report("form", list(form.value["uris"]) if form.value else [])
    return


if __name__ == "__main__":
    app.run()
