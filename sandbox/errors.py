"""Stripe's errors.

StripeError
    InvalidRequest            400
        EmptyRefused          400
        ResourceMissing       404
        UnknownUrl            404
    AuthenticationFailed      401
    PermissionMissing         403
    PaymentDeclined           402
    IdempotencyMismatch       400
    IdempotencyKeyInUse       409
    RateLimited               429
    ServerFault               500
"""

from typing import Any

DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """An answer other than 200. `kept` says whether what happened before it stays in the database."""

    status = 400
    type = "invalid_request_error"
    kept = False

    def __init__(self, message: str, *, code: str | None = None, param: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.more = more

    def body(self) -> dict[str, Any]:
        """The JSON that Stripe would send."""
        doc_url = DOCS + self.code.replace("_", "-") if self.code else None
        fields = {"code": self.code, "doc_url": doc_url, "message": self.message, "param": self.param}
        given = {name: value for name, value in {**fields, **self.more}.items() if value is not None}
        return {"error": {**given, "type": self.type}}


class InvalidRequest(StripeError):
    """The request cannot be carried out as it is; the message says what to change."""


class EmptyRefused(InvalidRequest):
    """An empty value clears a parameter, and this one cannot be cleared."""

    def __init__(self, param: str) -> None:
        super().__init__(
            f"You passed an empty string for '{param}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{param}' cannot be unset. You should remove '{param}' from your request or "
            "supply a non-empty value.",
            code="parameter_invalid_empty",
            param=param,
        )


class ResourceMissing(InvalidRequest):
    """No object with that id."""

    status = 404

    def __init__(self, noun: str, id: str, param: str = "id") -> None:
        super().__init__(f"No such {noun}: '{id}'", code="resource_missing", param=param)


class UnknownUrl(InvalidRequest):
    """No such path, or not with this method."""

    status = 404


class AuthenticationFailed(StripeError):
    """No key, or one that the sandbox does not take."""

    status = 401


class PermissionMissing(StripeError):
    """A restricted key, which may not do this."""

    status = 403


class PaymentDeclined(StripeError):
    """The charge was refused. The declined attempt is part of the record, so it stays."""

    status = 402
    type = "card_error"
    kept = True


class IdempotencyMismatch(StripeError):
    """The key was used before, for something else."""

    type = "idempotency_error"


class IdempotencyKeyInUse(StripeError):
    """The first request with this key is still running."""

    status = 409

    def __init__(self, key: str) -> None:
        super().__init__(
            f"There is currently another in-progress request using this Idempotent Key ({key}). "
            "Please try again later.",
            code="idempotency_key_in_use",
        )


class RateLimited(StripeError):
    """Too much at once: over a limit (`rate_limit`), or while something else has the object (`lock_timeout`)."""

    status = 429

    def __init__(self, code: str) -> None:
        message = {
            "rate_limit": "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
            "lock_timeout": (
                "This object cannot be accessed right now because another API request or Stripe process is currently "
                "accessing it. If you see this error intermittently, retry the request."
            ),
        }
        super().__init__(message[code], code=code)


class ServerFault(StripeError):
    """A defect of the sandbox itself; its log has the traceback."""

    status = 500
    type = "api_error"
