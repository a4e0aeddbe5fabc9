"""Sequential tests of whether one agent is stronger than another: play until it is known, and no longer."""

from arena.sprt.likelihood import MODELS, Model, SprtError, llr, log_ratios
from arena.sprt.sequential import Decision, Remaining, Sprt, Status

__all__ = ["MODELS", "Decision", "Model", "Remaining", "Sprt", "SprtError", "Status", "llr", "log_ratios"]
