"""Training, judging and exporting networks. Nothing but the command line imports it."""
