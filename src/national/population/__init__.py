"""The national population database (Bộ Công an) as a provider application: confirm a citizen, look one up."""
