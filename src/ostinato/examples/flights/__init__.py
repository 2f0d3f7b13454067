"""The flights example: the 336,776 flights that left New York in 2013, airline by airline and day by day.

The folder is an Ostinato project as it stands; ``demo.prepare`` makes a copy of it and fills the landing
zone.
"""
