"""The agent: the process that claims runs and carries them out."""
