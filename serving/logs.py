"""The server's log: one line an event, on standard error, nothing that tells who a viewer is."""

import logging


def set_up(line_format: str) -> None:
    """Say events from now on, and of all libraries what they warn of.

    Below warnings the libraries' lines hold addresses of viewers. Where logging has been set up
    already, as by a second call, that stays.

    Args:
        line_format: As for `logging.Formatter`.
    """
    logging.basicConfig(format=line_format, level=logging.WARNING)
    logging.getLogger("serving").setLevel(logging.INFO)
