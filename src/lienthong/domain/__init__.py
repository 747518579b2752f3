"""The nouns of the platform and the rules that need nothing but them. Pure: no I/O, clock or randomness."""
