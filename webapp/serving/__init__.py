"""The server around the pages: its start, and bounds on what visitors bring and take."""
