"""What the tests stand on: real servers, a faulty wire, a real browser, a real JupyterLab."""
