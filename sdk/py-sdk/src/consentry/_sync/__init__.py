# Made from consentry/_async by tools/generate.py. Do not edit.
"""The synchronous clients."""
