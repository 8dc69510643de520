"""Faults that are not data: GraphQL errors with a code in their extensions."""

from graphql import GraphQLError

UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
NOT_FOUND = "NOT_FOUND"
BAD_USER_INPUT = "BAD_USER_INPUT"
PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
COST_EXCEEDED = "COST_EXCEEDED"
CURSOR_EXPIRED = "CURSOR_EXPIRED"
TIMEOUT = "TIMEOUT"
TOO_LONG = "This took too long; ask for less at once."
DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND"
TRUSTED_DOCUMENTS_ONLY = "TRUSTED_DOCUMENTS_ONLY"
INTERNAL = "INTERNAL_SERVER_ERROR"


def fault(code: str, message: str) -> GraphQLError:
    """An error that the client is meant to read."""
    return GraphQLError(message, extensions={"code": code})


def bad_input(message: str) -> GraphQLError:
    """The client's value cannot be used."""
    return fault(BAD_USER_INPUT, message)
