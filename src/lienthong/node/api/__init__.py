"""The doors of the node: towards systems, towards other nodes, towards its operator."""
