"""What proves an exchange to a stranger: digests, signatures, records, segments. Pure."""
