"""GraphiQL and React as their makers released them: brought once by npm, checked by hash, kept out of git."""

import asyncio
import base64
import hashlib
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import structlog
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

log = structlog.get_logger()

FOLDER = Path("var/assets")
CDN = "https://cdn.jsdelivr.net"

# Seconds for npm, which has a browser's address to fall back on.
PATIENCE = 120


@dataclass(frozen=True)
class Asset:
    """One file of a package of npm's; `integrity` is its SHA-256 as a browser checks it."""

    package: str
    path: str
    integrity: str

    @property
    def name(self) -> str:
        """What the file is called here."""
        return Path(self.path).name

    @property
    def public_address(self) -> str:
        """Where anybody's browser finds the same file."""
        return f"{CDN}/npm/{self.package}/{self.path}"

    @property
    def is_here(self) -> bool:
        """Whether the file was brought."""
        return (FOLDER / self.name).is_file()

    def matches(self, content: bytes) -> bool:
        """Whether this is the file."""
        return "sha256-" + base64.b64encode(hashlib.sha256(content).digest()).decode() == self.integrity


REACT = Asset(
    "react@18.3.1",
    "umd/react.production.min.js",
    "sha256-2Unxw2h67a3O2shSYYZfKbF80nOZfn9rK/xTsvnUxN0=",
)
REACT_DOM = Asset(
    "react-dom@18.3.1",
    "umd/react-dom.production.min.js",
    "sha256-NfT5dPSyvNRNpzljNH+JUuNB+DkJ5EmCJ9Tia5j2bw0=",
)
GRAPHIQL = Asset(
    "graphiql@3.8.3",
    "graphiql.min.js",
    "sha256-IvqrlAZ7aV5feVlhn75obrzIlVACoMl9mGvLukrUvCw=",
)
STYLE = Asset(
    "graphiql@3.8.3",
    "graphiql.min.css",
    "sha256-sYaCR/jgUCzYaeWB9fPLVbM0hi5/UbHWy6zhEFm5rcI=",
)
ASSETS = (REACT, REACT_DOM, GRAPHIQL, STYLE)


async def show(request: Request) -> Response:
    """One of the files that were brought."""
    asset = next((each for each in ASSETS if each.name == request.path_params["name"] and each.is_here), None)
    if asset is None:
        return PlainTextResponse("There is no such file.\n", 404)
    return FileResponse(FOLDER / asset.name, headers={"Cache-Control": "private, max-age=3600"})


async def bring() -> None:
    """Brings the files that are not here, if there is an npm that can; whoever opens the page is told otherwise."""
    missing = [asset for asset in ASSETS if not asset.is_here]
    npm = shutil.which("npm")
    if not missing or npm is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            await _pack(npm, sorted({asset.package for asset in missing}), Path(folder))
            for asset in missing:
                _keep(asset, Path(folder))
        except (OSError, TimeoutError, KeyError, tarfile.TarError, ValueError) as error:
            log.warning("npm did not bring GraphiQL; the page loads it from its public address", error=str(error))


async def _pack(npm: str, packages: list[str], folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        npm, "pack", "--silent", "--ignore-scripts", "--fetch-retries=0", *packages,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            if await process.wait():
                raise OSError("npm pack failed")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _keep(asset: Asset, folder: Path) -> None:
    """Raises ValueError where the file is not the one that was tried; it is never served then."""
    with tarfile.open(folder / (asset.package.replace("@", "-") + ".tgz")) as archive:
        member = archive.extractfile(f"package/{asset.path}")
        content = member.read() if member else b""
    if not asset.matches(content):
        raise ValueError(f"{asset.package}: {asset.path} is not the released file")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / asset.name).write_bytes(content)
