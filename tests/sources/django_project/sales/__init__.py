"""Sales: what is sold, and what that adds up to."""
