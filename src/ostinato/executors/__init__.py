"""Carrying out work: commands as processes, their output as logs, evidence of how they ended. No store."""
