"""Arrays on named axes in two kinds with the same methods, ``floats`` and ``field``, and what is built on them."""
