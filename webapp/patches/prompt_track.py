"""An annotated frame is sent as soon as it is done, or not at all if a newer one is done.

streamlit-webrtc's own track answers each of the camera's frames at once, with what it had done
before: always a frame late, 33 ms at 30 frames a second, and the same frame encoded once more
where a frame takes longer than that. Its relay keeps all frames until they are encoded: where
that takes longer than the camera from frame to frame, each one comes later than the one before.

Tried with streamlit-webrtc 0.79 and aiortc 1.16. Delete this file once streamlit-webrtc answers a
frame with itself and hands on the newest one alone.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import cast

import av
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from streamlit_webrtc import VideoProcessorBase, relay, webrtc

from webapp.library_names import first_missing, first_unused
from webapp.live.processors import PROCESSORS

NEVER_MADE_S = 60.0
"""Longest wait for a connection's first frame; after that it is never made."""


class PromptVideoTrack(MediaStreamTrack):
    """Processes the newest of a track's frames in a thread of its own, one after another.

    Attributes:
        kind: The kind of the track, for aiortc.
    """

    kind = "video"

    def __init__(self, track: MediaStreamTrack, processor: VideoProcessorBase) -> None:
        """Process the frames of a track.

        Args:
            track: The camera's.
            processor: Its `recv_queued` must not wait for anything and must answer with one frame.
        """
        super().__init__()
        self._track, self._processor = track, processor
        self._thread = ThreadPoolExecutor(1, "live")
        self._has_begun = False
        self._never_made = asyncio.get_running_loop().call_later(NEVER_MADE_S, self.stop)
        track.on("ended", self.stop)

    async def recv(self) -> av.VideoFrame:
        """Wait for a frame, and for what becomes of the newest one that is there."""
        if self.readyState != "live":
            raise MediaStreamError
        if not self._has_begun:  # a connection that is never made does not end its tracks
            self._has_begun = True
            self._never_made.cancel()
            PROCESSORS.live_began()
        frames = [cast(av.VideoFrame, await self._track.recv())]
        with suppress(TimeoutError):
            async with asyncio.timeout(0):  # ends where the track has no more frames
                while True:
                    frames.append(cast(av.VideoFrame, await self._track.recv()))
        if self.readyState != "live":  # stopped meanwhile
            raise MediaStreamError
        answer = await asyncio.wrap_future(self._thread.submit(self._process, frames))
        answer.pts, answer.time_base = frames[-1].pts, frames[-1].time_base
        return answer

    def _process(self, frames: list[av.VideoFrame]) -> av.VideoFrame:
        try:  # without an event loop, which takes its time
            self._processor.recv_queued(frames).send(None)
        except StopIteration as end:
            [answer] = end.value
            return cast(av.VideoFrame, answer)
        raise RuntimeError("The callback of a video track waited for something.")

    def stop(self) -> None:
        """End the track that was given, too."""
        if self.readyState == "ended":  # as that one's end is this one's
            return
        super().stop()
        self._never_made.cancel()
        self._track.stop()
        self._thread.submit(self._processor.on_ended)  # which waits for the frame in process
        self._thread.shutdown(wait=False)
        if self._has_begun:
            PROCESSORS.live_ended()


class NewestRelay(MediaRelay):
    """Hands on what became of the newest frame alone, so that nothing waits to be encoded."""

    def subscribe(self, track: MediaStreamTrack, buffered: bool = True) -> MediaStreamTrack:
        """A track with the same frames; of those that are processed, without a buffer."""
        track.once("ended", lambda: self._forget(track))
        return super().subscribe(track, buffered and not isinstance(track, PromptVideoTrack))

    def _forget(self, track: MediaStreamTrack) -> None:
        """Let go of a track that ended before anybody asked for its frames."""
        if track not in vars(self)["_MediaRelay__tasks"]:
            vars(self)["_MediaRelay__proxies"].pop(track, None)


def send_promptly() -> None:
    """Let every stream that is started from now on be processed and sent so."""
    relay.MediaRelay = NewestRelay  # type: ignore[attr-defined]
    webrtc.AsyncVideoProcessTrack = PromptVideoTrack  # type: ignore[attr-defined, assignment]


def missing() -> str:
    """The first name that the libraries no longer have of those used; empty if all are there."""
    return first_missing(
        (
            (relay, ["MediaRelay"]),
            (webrtc, ["AsyncVideoProcessTrack"]),
            (VideoProcessorBase, ["recv_queued", "on_ended"]),
        )
    ) or first_unused(MediaRelay, ["_MediaRelay__proxies", "_MediaRelay__tasks"])
