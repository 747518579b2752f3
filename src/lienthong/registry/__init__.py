"""The registry: control plane desk."""
