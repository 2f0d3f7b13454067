"""The store: the only place with SQL. Hides SQLite and PostgreSQL behind functions named for what the caller means.

Functions take a transaction (``Tx``) first and return model values or counts, never rows. They filter by bound
values; they decide no policy. What must hold whatever a program does stands in ``schema`` as constraints.
"""
