"""What is logged has no secrets and no cards in it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from api.logs import REDACTED, redact_text

ROOT = Path(__file__).parent.parent.parent

SECRETS = [
    "sk_live_51abcdefghij",
    "rk_test_51abcdefghij",
    "whsec_abcdefghij",
    "seti_1abc_secret_DEFghi",
    "pi_3abc_secret_DEFghi",
    "cs_test_a1_secret_fid",
    "ak_production_abcdefgh-ij_kl",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "4242424242424242",
    "4242 4242 4242 4242",
    "4000-0025-0000-3155",
    "378282246310005",
]
HARMLESS = [
    "cus_4242424242424242",
    "evt_1NG8Du2eZvKYlo2CUI79vXWy",
    "0192f0a0-0000-7000-8000-000000000001",
    "1795479572258",
    "4242424242424241",
    "payment_intent.succeeded",
    "2026-11-23T18:00:00.123456Z",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_taken_out_of_any_text(secret: str) -> None:
    assert secret not in redact_text(f"before {secret} after")
    assert redact_text(f"before {secret} after").startswith("before ")
    assert secret not in redact_text(f'{{"key":"{secret}"}}')


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert redact_text(f"before {text} after") == f"before {text} after"


def test_a_password_in_an_address_is_taken_out() -> None:
    assert redact_text("postgresql://assent:hunter2@host/db") == f"postgresql://{REDACTED}@host/db"


# A process of its own, because the tests' own logging is pytest's.
PROGRAM = """
import logging, structlog
from api import logs
logs.configure(in_development={in_development})
def fail():
    raise ValueError("bad key sk_live_51abcdefghij")
try:
    fail()
except ValueError:
    nested = dict(cvc="123", list=["4242424242424242"])
    structlog.get_logger().exception("failed", authorization="Bearer verysecret", nested=nested)
with structlog.contextvars.bound_contextvars(request_id="r-1"):
    logging.getLogger("uvicorn.error").error("upstream %s", "whsec_abcdefghij")
"""


def log(*, in_development: bool) -> str:
    program = PROGRAM.format(in_development=in_development)
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True).stderr


def test_every_logger_writes_json_without_secrets() -> None:
    first, second = (json.loads(line) for line in log(in_development=False).splitlines())
    assert (first["event"], second["event"]) == ("failed", f"upstream {REDACTED}")
    assert first["authorization"] == REDACTED
    assert first["nested"] == {"cvc": REDACTED, "list": [REDACTED]}
    assert f"ValueError: bad key {REDACTED}" in first["exception"]
    assert (second["request_id"], second["level"]) == ("r-1", "error")
    assert first["timestamp"].endswith("Z")


def test_a_person_reads_the_same_without_secrets() -> None:
    written = log(in_development=True)
    assert "failed" in written
    assert "Traceback" in written
    for secret in ("sk_live_51abcdefghij", "whsec_abcdefghij", "verysecret", "4242424242424242", "'123'"):
        assert secret not in written
