"""Uploads are read in memory: Starlette would spool those over a megabyte to a file on disk.

Made for Starlette 1.10, whose parser of forms takes its bound from a class attribute.
"""

import logging

from starlette.formparsers import MultiPartParser

LOGGER = logging.getLogger(__name__)


def keep_uploads_in_memory() -> None:
    """Keep uploads off the disk from now on; `webapp.serving` bounds their memory."""
    if not isinstance(getattr(MultiPartParser, "spool_max_size", None), int):
        LOGGER.warning("Uploads over 1 MB may be written to the temporary folder.")
        return
    MultiPartParser.spool_max_size = 0  # `tempfile.SpooledTemporaryFile`: never to a disk
