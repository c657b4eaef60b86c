r"""Executed displays: the printed LaTeX of a derivation is parsed and computed on random instances: tested, not proved.

- Reading: ``source`` cuts displays out of .tex files (``tex``: tokens, ``macros``: \newcommand).
- Notes of others: in ``notes``, ``reading`` finds every display (``markdown``: other markup, ``presentation``: looks,
  ``remarks``: words); ``translate`` writes it in our letters and spelling (``wording``; ``letters``, ``alphabets``;
  ``densities``, ``roles`` and ``episodes`` for what it leaves out).
- Lexing: ``lexer`` types the tokens by a world's vocabulary (``tokens``: tables, ``spelling``: names).
- Grammar: ``grammar`` parses sides and splits lines into chains (``names``: what a tree says uncomputed).
- Evaluation: ``evaluate``, with ``lookup``, ``sums``, ``expectation`` and ``draw``, computes a side on an instance.
- Arithmetic: in ``arithmetic``, arrays on named axes (``named``) of two kinds with the same methods, ``floats`` and
  ``field``: residues modulo random primes (``formal``: exp, log and roots; ``symbols``: letters; ``modular``,
  ``rational``: number theory). ``values`` and ``linear``: derivatives and systems over either.
- Relations: ``relations`` says what holds in floats (numbers: ``limits``), ``exact`` what is equal in the field, and
  with which certainty (``degrees``); ``run`` and ``check`` apply both to a display.
- Explaining: ``explain`` shows how a display was read and what came out, ``bracketed`` writes a tree as LaTeX.
- Worlds: ``worlds`` has a module for each subject (``subjects``: their names). ``mutants`` plants errors and counts
  what is caught.
"""
