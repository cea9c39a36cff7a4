"""The server stops within seconds, whatever its visitors do.

Uvicorn waits for open requests without end, such as an upload that has stalled; Streamlit sets no
bound. Made for Uvicorn 0.4x and 0.5x.
"""

import gc
import logging

import uvicorn

LOGGER = logging.getLogger(__name__)

STOP_WITHIN_S = 2
"""Time for which open requests may go on once the server is to stop."""


def stop_promptly() -> None:
    """Bound the time that the server, which has begun to start, waits for requests at its end."""
    configs = [found for found in gc.get_objects() if isinstance(found, uvicorn.Config)]
    if not configs or not hasattr(configs[0], "timeout_graceful_shutdown"):
        LOGGER.warning("The server may wait for stalled uploads when it is to stop.")
    for config in configs:
        config.timeout_graceful_shutdown = STOP_WITHIN_S
