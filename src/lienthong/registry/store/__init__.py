"""What the registry remembers. The only room with SQL; one transaction is a `Unit`."""
