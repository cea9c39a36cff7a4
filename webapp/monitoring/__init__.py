"""An operator's view of the server: the log, the counters, its memory."""
