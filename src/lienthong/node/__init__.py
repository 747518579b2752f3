"""The node: data plane desk."""
