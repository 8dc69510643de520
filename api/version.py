"""Which version this is."""

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


def _version() -> str:
    """A checkout is not installed, and says it in its own file."""
    try:
        return version("assent")
    except PackageNotFoundError:
        return str(tomllib.loads(PYPROJECT.read_text())["project"]["version"])


VERSION = _version()
