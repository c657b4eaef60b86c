r"""Executed displays: the printed LaTeX of a derivation is parsed and computed on random instances: tested, not proved.

- Reading: ``source`` cuts displays out of .tex files (``tex``: tokens, ``macros``: \newcommand).
- Notes of others: ``notes`` reads every display, without ``markdown``, ``presentation`` and ``remarks``.
- Lexing: ``lexer`` types the tokens by a world's vocabulary (``tokens``: tables, ``spelling``: names).
- Grammar: ``grammar`` parses sides and splits lines into chains (``names``: what a tree says uncomputed).
- Evaluation: ``evaluate``, with ``lookup``, ``sums``, ``expectation`` and ``draw``, computes a side on an instance; all
  arithmetic is in ``values`` and ``linear``.
- Relations: ``relations`` says what holds, by the numbers in ``limits``; ``run`` and ``check`` apply it to a display.
- Worlds: ``worlds`` has a module for each subject. ``mutants`` plants errors and counts what is caught.
"""
