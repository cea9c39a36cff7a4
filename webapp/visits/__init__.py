"""The photos and the video of a visit, and the work on them."""
