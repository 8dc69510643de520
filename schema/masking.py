"""What a client is told of an error: those that are meant for it as they are, the others as a code and a request id."""

from typing import Any

import strawberry
import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from sqlalchemy.exc import DBAPIError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError
from strawberry.types import ExecutionContext

from billing.reader import TookTooLong
from schema.faults import BAD_USER_INPUT, INTERNAL, PARSE_FAILED, TIMEOUT, TOO_LONG, VALIDATION_FAILED
from schema.trusted import TrustedDocuments

log = structlog.get_logger()

# https://www.postgresql.org/docs/current/errcodes-appendix.html: query_canceled, which a statement's timeout is.
QUERY_CANCELED = "57014"


class CodeOfValidation(SchemaExtension):
    """Gives every error of validation its code."""

    def on_validate(self) -> Any:
        """After the rules have run."""
        yield
        for error in self.execution_context.pre_execution_errors or ():
            _set_code(error, VALIDATION_FAILED)


class MaskingSchema(strawberry.Schema):
    """A schema whose errors all have a code, and tell nobody more than they should; with its trusted documents."""

    trusted: TrustedDocuments
    introspection: bool

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Replaces, in the list, what is not meant for clients."""
        request_id = getattr(execution_context and execution_context.context, "request_id", None)
        hints = not self.config.disable_field_suggestions
        errors[:] = [shown(error, request_id, hints=hints) for error in errors]


def shown(error: GraphQLError, request_id: str | None, *, hints: bool) -> GraphQLError:
    """The error as a client sees it. What it is not meant to see is logged."""
    cause = error.original_error
    if (error.extensions or {}).get("code"):
        pass
    elif isinstance(error, GraphQLSyntaxError):
        _set_code(error, PARSE_FAILED)
    elif cause is None or isinstance(cause, GraphQLError | CannotGetOperationTypeError):
        _set_code(error, BAD_USER_INPUT)
    elif isinstance(cause, TookTooLong) or _was_canceled(cause):
        return _masked(error, TIMEOUT, TOO_LONG, request_id)
    else:
        log.error("graphql.failed", request_id=request_id, path=error.path, exc_info=cause)
        return _masked(error, INTERNAL, "Something went wrong on our side.", request_id)
    if not hints:
        error.message = error.message.partition(" Did you mean ")[0]
    return error


def _was_canceled(cause: Exception) -> bool:
    return isinstance(cause, DBAPIError) and getattr(cause.orig, "sqlstate", None) == QUERY_CANCELED


def _masked(error: GraphQLError, code: str, message: str, request_id: str | None) -> GraphQLError:
    extensions = {"code": code, **({"requestId": request_id} if request_id else {})}
    return GraphQLError(message, nodes=error.nodes, path=error.path, extensions=extensions)


def _set_code(error: GraphQLError, code: str) -> None:
    error.extensions = {"code": code, **(error.extensions or {})}
