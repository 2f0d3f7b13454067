"""The routes, by subject: each declares what it takes, what it answers and how it fails, and calls one operation."""
