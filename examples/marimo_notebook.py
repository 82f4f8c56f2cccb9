"""Upload from a marimo notebook: ``marimo edit marimo_notebook.py``.

It needs s3upload_widget, ``pip install marimo pandas``, and a bucket that lets the page in.
"""

import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import pandas as pd

    from s3upload_widget import UploadWidget

    return UploadWidget, mo, pd


@app.cell
def _(UploadWidget):
    w = UploadWidget(bucket="lab-data", prefix="raw/")
    return (w,)


@app.cell
def _(mo, w):
    # What mo.ui.anywidget gives has marimo's own .value, a dict; the files are in w.value.
    upload = mo.ui.anywidget(w)
    upload
    return (upload,)


@app.cell
def _(mo, pd, upload, w):
    # This cell runs again with each file that arrives, since it reads the URIs.
    mo.stop(not upload.value["uris"])
    pd.DataFrame(w.value, columns=["name", "uri", "size", "sha256", "verified_by"])
    return


if __name__ == "__main__":
    app.run()
