"""National databases as provider applications; they see only the sdk and the domain."""
