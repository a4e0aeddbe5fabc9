"""Functions that compiled code takes in whole."""

from numba.extending import register_jitable

inlined = register_jitable(inline="always")
"""Marks a function that is too large for LLVM to put where it is called, and called too often not to be.

Where it is called it must have one way out: what returns in several places is left where it is.
"""
