"""OpenCV's own threads: for photos and videos, but not while anybody is live."""

from threading import Lock

import cv2


class Processors:
    """Shares the processors out among the viewers. Safe to share between threads.

    OpenCV spreads even a small piece of work over threads, which then wait busily for more. That
    was a fifth of what a live viewer takes, and viewers have threads of their own.
    """

    def __init__(self) -> None:
        """Start with nobody live."""
        self._lock = Lock()
        self._n_live = 0
        self._n_threads = cv2.getNumThreads()

    def live_began(self) -> None:
        """Count one more live viewer."""
        self._count(1)

    def live_ended(self) -> None:
        """Count one live viewer less."""
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._n_live += change
            cv2.setNumThreads(1 if self._n_live else self._n_threads)


PROCESSORS = Processors()
"""The processors of this process, which share OpenCV's threads."""
