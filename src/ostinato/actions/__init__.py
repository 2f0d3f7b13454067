"""Actions: what users write in Python, how plans are made of it, and how a work item of it is carried out.

It knows neither the store nor the director nor who hands work out. What a step needs of its surroundings while it runs,
it asks of ``ostinato.actions.services``.
"""
