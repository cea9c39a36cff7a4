"""The parts of the video page."""
