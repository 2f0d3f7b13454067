"""The monthly publication: what an airline delivered day by day becomes a month in the warehouse, whole or not at all.

``flow`` has the actions and the plan; read it first. The other modules know nothing of Ostinato.
"""
