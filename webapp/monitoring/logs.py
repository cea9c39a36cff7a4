"""The server's log: one line an event, on standard error, nothing that tells who a viewer is."""

import logging
import re

_VISIT = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")


class _Record(logging.LogRecord):
    """An event, with the ids of visits cut short: who knows one can join the visit."""

    def getMessage(self) -> str:  # noqa: N802, as the base class has it
        return _VISIT.sub(lambda found: f"{found[0][:4]}…", super().getMessage())


def set_up(line_format: str) -> None:
    """Say events from now on, and of all libraries what they warn of.

    Below warnings the libraries' lines hold addresses of viewers. Where logging has been set up
    already, as by a second call, that stays.

    Args:
        line_format: As for `logging.Formatter`.
    """
    logging.setLogRecordFactory(_Record)
    logging.basicConfig(format=line_format, level=logging.WARNING)
    logging.getLogger("webapp").setLevel(logging.INFO)
