"""What things are called and mean: one row each, from which readers, writers, reports and documents are made."""
