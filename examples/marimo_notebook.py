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
    w
    return (w,)


@app.cell
def _(mo):
    # marimo reruns cells when the page changes something; what the kernel verified needs a button.
    arrived = mo.ui.run_button(label="Show what is on S3")
    arrived
    return (arrived,)


@app.cell
def _(arrived, mo, pd, w):
    mo.stop(not arrived.value)
    pd.DataFrame(w.value, columns=["name", "uri", "size", "sha256", "verified_by"])
    return


if __name__ == "__main__":
    app.run()
