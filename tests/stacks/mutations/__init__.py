"""Deliberately broken templates, one file per check: each must be named by it."""
