"""The conditions under which one slot depends on another, as SQL: written once, used wherever slots meet."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, or_


def overlaps(slot: FromClause, other: FromClause, definition_of_slot: FromClause) -> ColumnElement[bool]:
    """Tell whether the periods of two slots overlap.

    The lower bound on ``slot``'s start is not needed for the answer: with the longest period of its definition it
    turns the search in the index into a short range.
    """
    return and_(
        slot.c.starts_at < other.c.ends_at,
        slot.c.ends_at > other.c.starts_at,
        slot.c.starts_at >= other.c.starts_at - definition_of_slot.c.longest_period,
    )


def same_account(lane: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Tell whether two lanes meet: the same account, or one of them without account and so for all."""
    return or_(lane.c.account_id.is_(None), other.c.account_id.is_(None), lane.c.account_id == other.c.account_id)
