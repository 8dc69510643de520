"""Files: what may be uploaded for what, and who can read it afterwards."""

import io
from typing import Any

import httpx
import pytest
import stripe

from tests.running_sandbox import RunningSandbox
from tests.sandbox_client import KEY

PDF = b"%PDF-1.7\n" + b"evidence " * 20


def upload(client: stripe.StripeClient, content: bytes = PDF, name: str = "consent.pdf", **more: Any) -> Any:
    file = io.BytesIO(content)
    file.name = name
    params: Any = {"purpose": "dispute_evidence", "file": file, **more}
    return client.v1.files.create(params)


def test_a_file_is_kept_byte_for_byte_and_read_with_a_key(running: RunningSandbox, client: stripe.StripeClient) -> None:
    file = upload(client)
    assert (file.filename, file.type, file.size, file.purpose) == ("consent.pdf", "pdf", len(PDF), "dispute_evidence")
    assert client.v1.files.retrieve(file.id) == file
    assert file.id in [each.id for each in client.v1.files.list({"purpose": "dispute_evidence"}).data]
    read = httpx.get(file.url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False)
    assert (read.content, read.headers["content-type"]) == (PDF, "application/pdf")
    assert httpx.get(file.url, trust_env=False).status_code == 401
    unknown = f"{running.base_url}/v1/files/file_none/contents"
    assert httpx.get(unknown, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False).status_code == 404


def test_a_key_tells_two_uploads_apart(client: stripe.StripeClient) -> None:
    keys: Any = {"idempotency_key": "upload-1"}
    first = client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(PDF)}, dict(keys))  # type: ignore[arg-type]
    again = client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(PDF)}, dict(keys))  # type: ignore[arg-type]
    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.files.create({"purpose": "dispute_evidence", "file": io.BytesIO(PDF + b"!")}, dict(keys))  # type: ignore[arg-type]


def test_a_link_opens_a_file_until_it_expires(client: stripe.StripeClient) -> None:
    file: Any = upload(client, file_link_data={"create": True, "metadata": {"case": "1"}})
    link = file.links.data[0]
    assert httpx.get(link.url, trust_env=False).content == PDF
    second = client.v1.file_links.create({"file": file.id})
    assert [each.id for each in client.v1.file_links.list({"file": file.id}).data] == [second.id, link.id]
    expired = client.v1.file_links.update(link.id, {"expires_at": "now"})
    assert expired.expired
    assert httpx.get(link.url, trust_env=False).status_code == 404
    assert [each.id for each in client.v1.file_links.list({"file": file.id, "expired": True}).data] == [link.id]
    shown: Any = client.v1.file_links.retrieve(second.id, {"expand": ["file"]})
    assert {each.id: each.expired for each in shown.file.links.data} == {second.id: False, link.id: True}


@pytest.mark.parametrize(
    ("content", "name", "purpose", "param", "told"),
    [
        (b"MZ" + PDF, "virus.pdf", "dispute_evidence", "file", "must be of type pdf, jpg, png"),
        (b"", "empty.pdf", "dispute_evidence", "file", "empty"),
        (PDF + b" " * 5 * 1024 * 1024, "large.pdf", "dispute_evidence", "file", "up to 5242880 bytes"),
        (PDF, "logo.pdf", "business_logo", "file", "must be of type jpg, png, gif"),
        (PDF, "a.pdf", "whim", "purpose", "must be one of"),
    ],
)
def test_a_file_that_stripe_would_refuse_is_refused(
    client: stripe.StripeClient, content: bytes, name: str, purpose: str, param: str, told: str
) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=told) as refusal:
        upload(client, content, name, purpose=purpose)
    assert refusal.value.param == param


def test_a_file_has_to_come_as_a_file(running: RunningSandbox) -> None:
    url, headers = f"{running.base_url}/v1/files", {"Authorization": f"Bearer {KEY}"}
    form = {"purpose": "dispute_evidence", "file": "text"}
    answers = [
        httpx.post(url, data=form, headers=headers, trust_env=False),
        httpx.post(url, content=b"x", headers={**headers, "Content-Type": "multipart/form-data"}, trust_env=False),
    ]
    assert [answer.status_code for answer in answers] == [400, 400]
    assert answers[0].json()["error"]["param"] == "file"
