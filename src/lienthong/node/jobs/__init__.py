"""What the node does beside exchanges: recovery at start, directory refresh, indexing, sweeping."""
