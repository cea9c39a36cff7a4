"""Measures models: figures on a test split, as numbers, plots and reports."""
