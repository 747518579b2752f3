"""The registry's HTTP interface (REST, JSON, /api/v1): thin; what is allowed is decided in `use_cases`."""
