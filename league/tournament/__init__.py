"""Tournaments: agents by name, a format, a ledger that they resume from, and what came of it."""
