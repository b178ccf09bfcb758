"""Taggers that ship with audiolime_ext, one per module."""
