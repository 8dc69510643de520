"""Multipart bodies: the fields of a form, and the one file that comes with them."""

import hashlib

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from sandbox.errors import InvalidRequest
from sandbox.work import Upload

MULTIPART = "multipart/form-data"


def is_multipart(request: Request) -> bool:
    """Whether the body is one that can carry a file."""
    return request.headers.get("content-type", "").partition(";")[0].strip() == MULTIPART


async def read(request: Request) -> tuple[list[tuple[str, str]], Upload | None]:
    """The pairs of the body, in which the file is its digest: enough to tell two uploads apart. InvalidRequest."""
    pairs: list[tuple[str, str]] = []
    upload = None
    try:
        async with request.form(max_files=1) as form:
            for name, value in form.multi_items():
                if isinstance(value, UploadFile):
                    upload = Upload(value.filename or "blob", await value.read())
                    pairs.append((name, hashlib.sha256(upload.content).hexdigest()))
                else:
                    pairs.append((name, value))
    except (MultiPartException, KeyError) as error:
        raise InvalidRequest(f"Invalid multipart body: {error}") from error
    return pairs, upload
