"""The clients' inside, written once: `consentry/_sync` is made from it by `tools/generate.py`."""
