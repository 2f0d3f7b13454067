"""What a person can ask for: the verbs of every face, in one place.

An operation takes the ``World`` first and opens one transaction of its own. One that changes something also takes
``by``, the person who asks, and ``reason``; it leaves an entry in the audit log, in the same transaction. Answers are
frozen dataclasses for the faces to render; ``shapes`` holds their JSON. What cannot be done is an error of
``ostinato.errors`` with the next step: ``NotFound`` for what does not exist, ``NotPossible`` for what makes no sense
now. Nothing here parses arguments, renders, or knows SQL.
"""
