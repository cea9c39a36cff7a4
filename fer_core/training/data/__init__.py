"""Labeled faces: data sets on disk, their splits, their batches, and random changes to them."""
