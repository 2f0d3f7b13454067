"""The test kit: what Ostinato's own tests use, and what a project that builds on Ostinato may use too.

It may import anything below the faces; nothing but tests imports it. Each module stands alone, so that a test
pays only for what it takes.
"""
