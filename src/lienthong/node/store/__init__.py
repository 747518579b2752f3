"""What the node keeps for search. Everything here can be made again from the ledger."""
