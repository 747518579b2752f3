"""One invented country from one seed: the same people stand in every national database. They describe nobody."""
