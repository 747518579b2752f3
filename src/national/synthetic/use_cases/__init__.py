"""Making up people, households and parcels."""
