"""The REST API: it parses a request, calls an operation and answers with its shape. No SQL, no rules.

``app`` puts it together, ``routes`` has one module for each subject, ``answers`` says how errors read, ``paging`` how
long lists are cut. What is asked of whoever asks is in ``access``.
"""
