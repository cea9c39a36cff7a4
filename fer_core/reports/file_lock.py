"""One writer a file, on every system."""

import os
import sys

_FAR_BYTE = 2**31 - 2
"""Windows locks bytes, which nobody else can read then: one behind the end of any table."""


def lock_file(file: int) -> None:
    """Keep other processes from locking an open file, until it is closed.

    It does nothing if the system or the file system knows no locks.

    Args:
        file: Its descriptor.

    Raises:
        BlockingIOError: Another process has locked it.
    """
    if sys.platform == "win32":
        import msvcrt

        os.lseek(file, _FAR_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(error.errno, error.strerror) from error
        return
    try:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except (ImportError, OSError):
        return
