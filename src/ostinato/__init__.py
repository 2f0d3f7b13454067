"""Ostinato: a self-healing batch orchestrator for people who run the same jobs for many accounts."""

__version__ = "0.1.0"
