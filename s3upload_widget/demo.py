"""A JupyterLab with the widget, and an S3 server for it: ``python -m s3upload_widget.demo``.

Both live in one folder and touch nothing of the user's configuration. Uploaded and unfinished
files are there again the next time.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import secrets
import shutil
import signal
import sys
import time
import webbrowser
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from s3upload_widget.local import HOST, Supervised, can_listen, serve_local_s3

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from s3upload_widget.local import LocalS3

BUCKET: Final = "lab-data"
_PACKAGED: Final = Path(__file__).with_name("upload.ipynb")
"""Only an installed wheel has it there."""
NOTEBOOK: Final = (
    _PACKAGED if _PACKAGED.exists() else _PACKAGED.parent.parent / "examples" / _PACKAGED.name
)
PORTS: Final = range(9_000, 10_000)
"""Away from 8888, where people have their own JupyterLab."""
START_SECONDS: Final = 120.0
"""It usually takes 3; the first time after an installation, much longer."""


@dataclass(frozen=True)
class Lab:
    """JupyterLab, set up in a folder. The same port each time, as pages store by origin."""

    folder: Path
    notebook: str
    port: int
    token: str

    @property
    def url(self) -> str:
        """Opens the notebook; anybody who has it may run code."""
        return f"http://127.0.0.1:{self.port}/lab/tree/{self.notebook}?token={self.token}"

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of its pages, for each name of this machine."""
        return (f"http://localhost:{self.port}", f"http://127.0.0.1:{self.port}")

    @contextmanager
    def running(self, s3: LocalS3) -> Iterator[Supervised]:
        """Run it until the block ends, its kernels included."""
        _write_private(_config_file(self.folder), _server_config(self))
        with (self.folder / "jupyter" / "lab.log").open("w+b") as log:
            server = Supervised(
                [sys.executable, "-m", "jupyterlab"],
                cwd=self.folder / "notebooks",
                env=_environment(self.folder, s3),
                log=log,
            )
            try:
                self._wait_until_ready(server, Path(log.name))
                yield server
            finally:
                server.stop()

    def _wait_until_ready(self, server: Supervised, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if not server.running or time.monotonic() > deadline:
                msg = f"JupyterLab does not start; the end of {log}:\n{log.read_text()[-2_000:]}"
                raise RuntimeError(msg)
            time.sleep(0.1)

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self.port, timeout=5)
        try:
            headers = {"Authorization": f"token {self.token}"}
            connection.request("GET", "/api/status", headers=headers)
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def prepare(folder: Path, notebook: Path, port: int = 0) -> Lab:
    """Set up JupyterLab in ``folder``, or find it there.

    Args:
        folder: Holds everything.
        notebook: Copied into it, unless a notebook of that name is there from the last time.
        port: Left out, the last time's if it is free, else any free one.

    Raises:
        ModuleNotFoundError: JupyterLab is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        msg = 'the demo needs JupyterLab: pip install "s3upload-widget[demo]"'
        raise ModuleNotFoundError(msg)
    config = _config_file(folder)
    for private in (folder, folder / "jupyter"):
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
    config.parent.mkdir(parents=True, exist_ok=True)
    last: dict[str, Any] = json.loads(config.read_text()) if config.exists() else {}
    lab = Lab(
        folder,
        notebook.name,
        port or _free_port(last.get("ServerApp", {}).get("port", 0)),
        last.get("IdentityProvider", {}).get("token") or secrets.token_hex(24),
    )
    _keep_quiet(config.parent)
    (folder / "notebooks").mkdir(exist_ok=True)
    if not (folder / "notebooks" / notebook.name).exists():
        shutil.copyfile(notebook, folder / "notebooks" / notebook.name)
    return lab


def _config_file(folder: Path) -> Path:
    return folder / "jupyter" / "config" / "jupyter_server_config.json"


def _server_config(lab: Lab) -> dict[str, Any]:
    return {
        "ServerApp": {
            "ip": HOST,
            "port": lab.port,
            "port_retries": 0,
            "open_browser": False,
            "root_dir": str(lab.folder / "notebooks"),
            "allow_root": True,
        },
        "IdentityProvider": {"token": lab.token},
    }


def _keep_quiet(config: Path) -> None:
    """Keep JupyterLab from asking about news and from looking for updates."""
    settings = config / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    file = settings / "notification.jupyterlab-settings"
    if not file.exists():
        file.write_text('{"fetchNews": "false", "checkForUpdates": false}\n')


def _write_private(path: Path, content: dict[str, Any]) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2))


def _free_port(wanted: int) -> int:
    candidates = [wanted, *random.sample(PORTS, len(PORTS))]
    return next(port for port in candidates if port and can_listen(port))


def _environment(folder: Path, s3: LocalS3) -> dict[str, str]:
    """The kernels' environment: the S3 server as boto3's default, and nothing of the user's own."""
    foreign = ("AWS_", "JUPYTER", "JPY_")
    env = {name: text for name, text in os.environ.items() if not name.startswith(foreign)}
    jupyter = folder / "jupyter"
    return env | {
        "AWS_ENDPOINT_URL_S3": s3.endpoint_url,
        "AWS_ACCESS_KEY_ID": s3.access_key,
        "AWS_SECRET_ACCESS_KEY": s3.secret_key,
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "JUPYTER_CONFIG_DIR": str(jupyter / "config"),
        "JUPYTER_DATA_DIR": str(jupyter / "data"),
        "JUPYTER_RUNTIME_DIR": str(jupyter / "runtime"),
        "IPYTHONDIR": str(jupyter / "ipython"),
    }


def run(folder: Path, notebook: Path, *, port: int = 0, browser: bool = True) -> None:
    """Run the demo until JupyterLab is shut down, or the user interrupts.

    Raises:
        KeyboardInterrupt: By Ctrl-C or SIGTERM; everything has ended by then.
        ModuleNotFoundError: JupyterLab or SeaweedFS is not installed.
        RuntimeError: One of the two does not start.
    """
    lab = prepare(folder.absolute(), notebook, port)
    with (
        serve_local_s3(lab.folder / "s3", bucket=BUCKET, origins=lab.origins) as s3,
        lab.running(s3) as server,
    ):
        print(f"JupyterLab is at {lab.url} (Ctrl-C ends it)", flush=True)  # noqa: T201
        if browser and _has_screen():
            webbrowser.open(lab.url)
        server.wait()


def _has_screen() -> bool:
    """Whether there is a screen; without one, a browser in the terminal would open."""
    return sys.platform == "darwin" or bool(
        os.environ.keys() & {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    )


def _interrupt(*_: object) -> None:
    # Ending takes some seconds: a second Ctrl-C must not leave half of it undone.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m s3upload_widget.demo", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".demo"), help="folder for everything")
    parser.add_argument("--notebook", type=Path, default=NOTEBOOK, help="notebook to open")
    parser.add_argument("--port", type=int, default=0, help="port of JupyterLab")
    parser.add_argument("--no-browser", action="store_true", help="only print the URL")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    for name in ("NO_PROXY", "no_proxy"):  # boto3 would ask the proxy for a loopback address
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "localhost,127.0.0.1"]))
    try:
        run(options.data, options.notebook, port=options.port, browser=not options.no_browser)
    except KeyboardInterrupt:
        return 0
    except (ModuleNotFoundError, FileNotFoundError, RuntimeError) as error:
        parser.exit(1, f"{error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
