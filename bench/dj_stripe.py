"""dj-stripe, which others use for this, in an environment of its own, behind the server that suits it best.

What it needs is fetched by pip at the first run, and kept in `var/`.
"""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
ENVIRONMENT = ROOT / "var" / "dj-stripe"
NEEDED = ["dj-stripe==2.11.0", "django>=5.2,<5.3", "psycopg[binary]>=3.2,<4", "gunicorn"]
SITE = "dj_stripe_site"
PATIENCE = 120.0


class Unavailable(Exception):
    """It cannot be run here, for this reason."""


def install() -> None:
    """Makes the environment. Raises Unavailable where it cannot be had."""
    if (ENVIRONMENT / "complete").exists():
        return
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True, capture_output=True)
        pip: list[str | Path] = [
            ENVIRONMENT / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, *NEEDED], check=True, capture_output=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        told = (getattr(error, "stderr", None) or b"").decode().strip() or str(error)
        raise Unavailable(told.splitlines()[-1]) from error
    (ENVIRONMENT / "complete").touch()


@contextmanager
def running(folder: Path, database: tuple[Path, str], secret: str) -> Iterator[tuple[int, str]]:
    """One worker with eight threads on `database`, a socket's folder and a name. Gives its port and path.

    Raises Unavailable.
    """
    install()
    environment = {
        **os.environ,
        "BENCH_SOCKET": str(database[0]),
        "BENCH_DATABASE": database[1],
        "BENCH_SECRET": secret,
        "PYTHONPATH": str(ROOT / "bench"),
    }
    python, port = ENVIRONMENT / "bin" / "python", _free_port()
    with (folder / "dj-stripe.log").open("wb") as log:
        prepared = subprocess.run([python, "-m", SITE], env=environment, capture_output=True, text=True, check=False)
        if prepared.returncode:
            raise Unavailable(prepared.stderr.strip().splitlines()[-1])
        served = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60"]
        command: list[str | Path] = [python, "-m", "gunicorn", *served, f"{SITE}:application"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(port, process)
        yield port, f"/stripe/webhook/{prepared.stdout.split()[-1]}/"
    finally:
        process.terminate()
        process.wait()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise Unavailable("its server did not start")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
