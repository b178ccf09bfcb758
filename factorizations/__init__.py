"""Factorizations: ways to split a recording into signals that sum to it, one per module."""
