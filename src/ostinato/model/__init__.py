"""The records and the two state machines. Imports nothing of ours but errors; knows no database and no clock."""
