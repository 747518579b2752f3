"""What the registry tells the nodes, indexed and dated. Pure."""
