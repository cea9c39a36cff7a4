"""The parts of the pages that show results."""
