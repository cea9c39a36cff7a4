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
        """One more viewer is live."""
        self._count(1)

    def live_ended(self) -> None:
        """One viewer fewer is."""
        self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self._n_live += change
            cv2.setNumThreads(1 if self._n_live else self._n_threads)


PROCESSORS = Processors()
"""Those of this process, as OpenCV's threads are."""
