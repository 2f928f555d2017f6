"""Coverage-guided fuzzing of what reads a peer's bytes, with atheris; `make fuzz` runs it.

How it works. Each module of `targets/` has one function, `check`, which takes any bytes and raises when a promise of
the product does not hold. `run.py` lets atheris look for such bytes; `test_corpora.py` replays what it has found
interesting before, so that a test run needs no atheris. A corpus is a text file: one input a line, as a literal.
"""
