"""Log lines: JSON in production, for a person in development, and in neither a secret or a card number."""

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

REDACTED = "[redacted]"

# Fields that have nothing to say but a secret.
SECRET_FIELDS = frozenset(
    "authorization cookie set-cookie client_secret api_key stripe_api_key stripe_webhook_secret token_secret "
    "database_url password secret token stripe-signature number cvc card".split()
)

# Secrets inside longer text: Stripe's keys and secrets, our keys, signed tokens, passwords in addresses.
SECRETS = re.compile(
    r"\b[spr]k_(?:test|live)_\w+|\bwhsec_\S+|\b\w+_secret_\w+|\bak_[a-z]+_[\w-]+"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]+|(?<=://)[^/@\s]+:[^/@\s]+(?=@)|(?i:(?<=bearer )\S+)"
)
# Each of them has one of these, in lower case: looking for them first takes a twentieth of the time.
HINTS = ("k_", "whsec_", "_secret_", "eyj", "://", "bearer ")
DIGITS = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")

# A line, its time with `Z`.
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

# How the line of a request is written; None: like every other.
_write_line: Callable[[str], object] | None = None


def configure(*, in_development: bool, level: int = logging.INFO) -> None:
    """Sends everything that this process logs, libraries included, through the same steps to stderr."""
    global _write_line  # noqa: PLW0603 - one process, one log, as the standard library's own
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    render: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if in_development else structlog.processors.JSONRenderer()
    )
    # Our own lines do without the standard library's records, which cost three times what a line does.
    structlog.configure(
        processors=[*steps, render],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # A command says little, and one that serves is configured anew: what it has used until then is not to stay.
        cache_logger_on_first_use=level <= logging.INFO,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    handler.addFilter(_is_no_cancellation)
    root = logging.getLogger()
    root.handlers, root.level = [handler], level
    _write_line = None if in_development or level > logging.INFO else sys.stderr.write
    for noisy in ("httpx", "httpcore", "stripe", "uvicorn.error", "alembic"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def tell_request(**values: Any) -> None:
    """The line of one request: written by itself in production, where the steps of others cost four times as much.

    The values are ours, or ids of Stripe's, and none is a text in which a secret could be.
    """
    if _write_line is None:
        structlog.get_logger().info("request", **values)
        return
    told = {"event": "request", **structlog.contextvars.get_contextvars(), **values, "level": "info"}
    told["timestamp"] = datetime.now(UTC)
    _write_line(orjson.dumps(told, option=LINE).decode())


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """A connection whose work a stop has canceled is let go of, which SQLAlchemy's pool takes for an error."""
    return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)


def redact(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The one place where secrets and card data leave what is logged."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if name.lower() in SECRET_FIELDS:
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: _clean(str(key), each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", each) for each in value]
    return value


def redact_text(text: str) -> str:
    """The text without what looks like a secret or the number of a card."""
    lowered = text.lower()
    if any(hint in lowered for hint in HINTS):
        text = SECRETS.sub(REDACTED, text)
    return DIGITS.sub(_hide_card, text)


def _hide_card(match: re.Match[str]) -> str:
    digits = [int(digit) for digit in match[0] if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return REDACTED if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else match[0]
