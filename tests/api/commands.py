"""The real command, in a process of its own."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from api.cli import main
from tests.running_assent import FORKS
from tests.running_sandbox import ROOT

PATIENCE = 60.0
COMMAND = [sys.executable, "-c", "from api.cli import main; main()"]

REAL = {
    "STRIPE_API_KEY": "sk_test_verysecret0",
    "STRIPE_WEBHOOK_SECRET": "whsec_verysecret",
    "TOKEN_SECRET": "verysecret" * 4,
    "ALLOWED_REDIRECT_ORIGINS": "https://shop.example",
    "PUBLIC_URL": "https://pay.example",
    "PORT": "0",
}
AWAY = "http://127.0.0.1:9"


def environment(given: dict[str, str]) -> dict[str, str]:
    """Nothing of this machine's but what Python needs; no npm in particular."""
    return {"PYTHONPATH": str(ROOT), "PATH": "", **given}


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    returncode: int | None
    stdout: str
    stderr: str


def run(folder: Path, *arguments: str, **given: str) -> Ended:
    """The command in a process of its own, forked from one that has imported everything: a start takes no seconds."""
    out, err = folder / "stdout", folder / "stderr"
    process = FORKS.Process(target=become, args=(arguments, environment(given), folder, out, err))
    process.start()
    process.join(PATIENCE)
    process.kill()
    return Ended(process.exitcode, out.read_text(), err.read_text())


def become(arguments: tuple[str, ...], given: dict[str, str], folder: Path, out: Path, err: Path) -> None:
    """In the new process."""
    os.environ.clear()
    os.environ.update(given)
    os.chdir(folder)
    for file, stream in ((out, sys.stdout), (err, sys.stderr)):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    sys.argv = ["assent", *arguments]
    main()


def refusal(folder: Path, *arguments: str, **given: str) -> str:
    """The one line with which the command refuses."""
    ended = run(folder, *arguments, **given)
    assert ended.returncode == 2, ended.stderr
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    line = ended.stderr.strip()
    assert "verysecret" not in line
    return line.removeprefix("assent: ")
