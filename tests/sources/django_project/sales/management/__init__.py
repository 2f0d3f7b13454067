"""Management of sales."""
