"""Acting from afar: one table of verbs, each an operation on one target, carried out on one target or on many.

``verbs`` has the table, ``acts`` what each verb calls, ``given`` what it may be given besides its target, ``choosing``
how targets are found by a query. ``carrying_out`` goes through the targets: each in a transaction of its own, so that
one that is refused takes nothing back of the others. It knows no verb by name.
"""
