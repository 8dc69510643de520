"""The documents that the merchant's clients may name instead of sending them."""

from datetime import datetime

from sqlmodel import Field, SQLModel


class TrustedDocument(SQLModel, table=True):
    """A GraphQL document as it stands in the client's file. It never changes: another text is another document."""

    __tablename__ = "trusted_documents"

    sha256: str = Field(primary_key=True)
    """Of the text in UTF-8, as lowercase hex digits."""
    name: str
    """For people: its operations, or its file."""
    text: str
    created_at: datetime
