"""The parts of the photo page."""
