"""The needs of a live stream: places, ways to the viewer, a share of the processors."""
