"""Executed displays: the printed LaTeX of a derivation is parsed and computed on random finite instances.

``source`` reads .tex files, ``lexer`` types the tokens by a world's vocabulary, ``grammar`` parses them, ``evaluate``
computes a side on an instance of a world (``worlds``), ``relations`` says what holds, ``check`` runs a display.
It tests, it does not prove.
"""
