"""How often each caller has called."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class RequestCount(SQLModel, table=True):
    """Requests of one caller, or failures of one address, in one minute since 1970, of all processes together."""

    __tablename__ = "request_counts"

    subject: str = Field(primary_key=True)
    minute: int = Field(primary_key=True, sa_type=BigInteger)
    count: int
