"""Sluiceway runs a software release from change request to closed review."""

__version__ = "0.1.0"
