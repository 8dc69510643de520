"""Files that a merchant uploads, such as evidence for a dispute."""

from sandbox import events
from sandbox.errors import InvalidRequest
from sandbox.ids import new_id
from sandbox.kinds import Kind
from sandbox.resources import file_links
from sandbox.wire.endpoints import Endpoint, listing, retrieve
from sandbox.wire.pagination import list_of
from sandbox.wire.params import Params
from sandbox.work import Object, Upload, Work

URL = "/v1/files"
MEGABYTE = 1024 * 1024
SIGNS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg", b"GIF8": "gif", b"PK\x03\x04": "zip"}
"""How files of a type begin."""
PICTURES = ("jpg", "png")
DOCUMENTS = ("pdf", *PICTURES)
LIMITS: dict[str, tuple[int, tuple[str, ...]]] = {
    "business_icon": (MEGABYTE // 2, (*PICTURES, "gif")),
    "business_logo": (MEGABYTE // 2, (*PICTURES, "gif")),
    "customer_signature": (4 * MEGABYTE, DOCUMENTS),
    "dispute_evidence": (5 * MEGABYTE, DOCUMENTS),
    "identity_document": (16 * MEGABYTE, DOCUMENTS),
    "tax_document_user_upload": (16 * MEGABYTE, (*DOCUMENTS, "csv", "txt", "zip")),
}
"""For a purpose the greatest size in bytes and the types (https://docs.stripe.com/file-upload)."""
OTHERWISE = (10 * MEGABYTE, DOCUMENTS)


def create(work: Work, params: Params) -> Object:
    """POST /v1/files, a multipart form with `file` and `purpose`."""
    upload, purpose = work.caller.upload, params.get("purpose")
    params.get("file")
    if upload is None:
        raise InvalidRequest("Invalid file: send `file` as a file of a multipart/form-data form.", param="file")
    type = _type(upload)
    _check(upload, purpose, type)
    file = work.add(_new(work, upload, purpose, type))
    work.connection.execute("INSERT INTO contents (file, bytes) VALUES (?, ?)", (file["id"], upload.content))
    link = params.nested("file_link_data")
    if link.get("create", False):
        file_links.add(work, file, link)
    events.emit(work, "file.created", file)
    return file


def contents(work: Work, file: Object) -> bytes:
    """What was uploaded."""
    row = work.connection.execute("SELECT bytes FROM contents WHERE file = ?", (file["id"],)).fetchone()
    return bytes(row["bytes"])


def _type(upload: Upload) -> str:
    """What the content shows itself to be; the name's ending counts only for text, which has no sign."""
    if type := next((type for sign, type in SIGNS.items() if upload.content.startswith(sign)), None):
        return type
    ending = upload.filename.rpartition(".")[2].lower()
    return ending if ending in ("csv", "txt") else "unknown"


def _check(upload: Upload, purpose: str, type: str) -> None:
    largest, types = LIMITS.get(purpose, OTHERWISE)
    if not upload.content:
        raise InvalidRequest("The file is empty: send one with content.", param="file")
    if len(upload.content) > largest:
        raise InvalidRequest(
            f"Files for {purpose} can have up to {largest} bytes; this one has {len(upload.content)}.", param="file"
        )
    if type not in types:
        raise InvalidRequest(
            f"Files for {purpose} must be of type {', '.join(types)}; what this one holds is {type}.", param="file"
        )


def _new(work: Work, upload: Upload, purpose: str, type: str) -> Object:
    id = new_id("file")
    return {
        "id": id,
        "object": "file",
        "created": work.now,
        "expires_at": None,
        "filename": upload.filename,
        "links": list_of([], f"{file_links.URL}?file={id}"),
        "purpose": purpose,
        "size": len(upload.content),
        "title": None,
        "type": type,
        "url": work.sandbox.url(f"{URL}/{id}/contents"),
    }


KIND = Kind("file")

ENDPOINTS = [
    Endpoint("POST", URL, create),
    Endpoint("GET", URL, listing("file", URL, ["purpose"])),
    Endpoint("GET", URL + "/{file}", retrieve("file")),
]
