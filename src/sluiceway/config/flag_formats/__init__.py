"""Flags of other tools read as flags of ours, and written back: one module for each format.

Each says what it can't carry over as notes that people read, and drops nothing in silence.
"""
