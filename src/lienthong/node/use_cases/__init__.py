"""What the node does with exchanges: performs the effects that the machines ask for."""
