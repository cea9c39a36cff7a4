import asyncio
import gc
import threading
import weakref
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import cast

import av
import cv2
import pytest
from aiortc.contrib.media import MediaRelay
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from streamlit_webrtc import VideoProcessorBase, process, relay, webrtc
from streamlit_webrtc.models import CallbackAttachableProcessor

from webapp.live.processors import Processors
from webapp.patches.prompt_track import NewestRelay, PromptVideoTrack, send_promptly

MOST_S = 10.0


class Camera(MediaStreamTrack):
    """Gives the frames away that it is given; None is the end."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._taken: asyncio.Queue[av.VideoFrame | None] = asyncio.Queue()

    def take(self, *numbers: int) -> None:
        """Take images; their numbers are their times."""
        for number in numbers:
            frame = av.VideoFrame(64, 48, "yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 30)
            self._taken.put_nowait(frame)

    def end(self) -> None:
        self._taken.put_nowait(None)

    async def recv(self) -> av.VideoFrame:
        frame = await self._taken.get()
        if frame is None:
            self.stop()
            raise MediaStreamError
        return frame


class Processor(VideoProcessorBase):
    """Notes what it was given, and processes only while it may."""

    def __init__(self) -> None:
        self.given: list[list[int]] = []
        self.threads: set[int | None] = set()
        self.n_ended = 0
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    async def recv_queued(self, frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
        self.given.append([frame.pts or 0 for frame in frames])
        self.threads.add(threading.get_ident())
        assert self.may_go_on.wait(MOST_S)
        return [av.VideoFrame(32, 24, "rgb24")]

    def on_ended(self) -> None:
        self.n_ended += 1


Scene = Callable[[Camera, PromptVideoTrack, Processor], Awaitable[None]]


def play(scene: Scene) -> Processor:
    """A scene with a camera, relayed as in the app; what its processor noted."""
    processor = Processor()

    async def whole() -> None:
        camera = Camera()
        track = PromptVideoTrack(MediaRelay().subscribe(camera), processor)
        await asyncio.wait_for(scene(camera, track, processor), MOST_S)
        camera.end()
        track.stop()

    asyncio.run(whole())
    return processor


async def until(is_so: Callable[[], bool]) -> None:
    """Let other things happen until it is so."""
    while not is_so():
        await asyncio.sleep(0.001)


def test_each_frame_is_answered_with_its_own_image() -> None:
    async def scene(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        for number in range(3):
            camera.take(number)
            answer = await track.recv()
            assert (answer.width, answer.pts, answer.time_base) == (32, number, Fraction(1, 30))

    noted = play(scene)
    assert noted.given == [[0], [1], [2]]
    assert len(noted.threads) == 1
    assert noted.threads != {threading.get_ident()}


def test_frames_that_come_meanwhile_are_given_together() -> None:
    async def scene(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        processor.may_go_on.clear()
        camera.take(0)
        first = asyncio.create_task(track.recv())
        await until(lambda: bool(processor.given))
        camera.take(1, 2, 3)
        await asyncio.sleep(0.01)
        assert not first.done(), "other things happen while a frame is processed"
        processor.may_go_on.set()
        assert (await first).pts == 0
        assert (await track.recv()).pts == 3
        camera.take(4)
        assert (await track.recv()).pts == 4

    assert play(scene).given == [[0], [1, 2, 3], [4]]


def test_the_end_of_the_camera_is_the_end() -> None:
    async def scene(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        camera.take(0)
        await track.recv()
        camera.end()
        with pytest.raises(MediaStreamError):
            await track.recv()
        assert track.readyState == "ended"
        with pytest.raises(MediaStreamError):
            await track.recv()

        await until(lambda: processor.n_ended == 1)

    assert play(scene).given == [[0]]


def test_a_stop_while_a_frame_is_processed_waits_for_nothing() -> None:
    begun, may_go_on = threading.Event(), threading.Event()
    ended: list[str] = []

    async def callback(frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
        begun.set()
        assert may_go_on.wait(MOST_S)
        ended.append("frame")
        return frames

    async def whole() -> None:
        camera = Camera()
        # The app's own processor, which lets one thing happen at a time.
        processor = CallbackAttachableProcessor(None, callback, lambda: ended.append("stream"))
        track = PromptVideoTrack(camera, cast(VideoProcessorBase, processor))
        camera.take(0)
        answer = asyncio.create_task(track.recv())
        await until(begun.is_set)
        track.stop()
        may_go_on.set()
        await answer
        with pytest.raises(MediaStreamError):
            await track.recv()
        await until(lambda: ended == ["frame", "stream"])

    asyncio.run(asyncio.wait_for(whole(), MOST_S))


@pytest.mark.parametrize("is_made", [False, True])
def test_what_holds_a_stream_lets_go_where_its_connection_is_never_made(
    is_made: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.patches.prompt_track.NEVER_MADE_S", 0.05)

    async def stream(relay_: NewestRelay) -> "weakref.ref[Processor]":
        camera, processor = Camera(), Processor()
        track = PromptVideoTrack(relay_.subscribe(camera), processor)
        sent = relay_.subscribe(track)
        if is_made:
            camera.take(0)
            await sent.recv()
        await asyncio.sleep(0.1)
        assert track.readyState == ("live" if is_made else "ended")
        camera.end()
        camera.stop()  # both, as the end of a connection does
        await until(lambda: processor.n_ended == 1)
        return weakref.ref(processor)

    async def whole() -> None:
        relay_ = NewestRelay()
        held = await stream(relay_)
        await until(lambda: gc.collect() >= 0 and held() is None)

    asyncio.run(asyncio.wait_for(whole(), MOST_S))


def test_opencv_has_one_thread_from_the_first_frame_to_the_end() -> None:
    before = cv2.getNumThreads()
    cv2.setNumThreads(2)

    async def scene(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        assert cv2.getNumThreads() == 2
        for number in range(2):
            camera.take(number)
            await track.recv()
            assert cv2.getNumThreads() == 1
        for _ in range(2):
            track.stop()

    async def never_made(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        assert cv2.getNumThreads() == 2

    try:
        processors = Processors()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("webapp.patches.prompt_track.PROCESSORS", processors)
            play(scene)
            play(never_made)
        assert cv2.getNumThreads() == 2
        processors.live_began()
        assert cv2.getNumThreads() == 1, "the second stop did not count"
    finally:
        cv2.setNumThreads(before)


def test_a_stop_while_a_frame_is_awaited_lets_go_of_the_camera() -> None:
    async def scene(camera: Camera, track: PromptVideoTrack, processor: Processor) -> None:
        answer = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        track.stop()
        camera.take(0)
        await asyncio.sleep(0.01)
        assert not answer.done(), "the frame is not even handed on"
        answer.cancel()

    assert play(scene).given == []


def test_a_slow_encoder_gets_the_newest_image_alone() -> None:
    async def whole() -> None:
        camera, relay_ = Camera(), NewestRelay()
        sent = relay_.subscribe(PromptVideoTrack(relay_.subscribe(camera), Processor()))
        camera.take(0)
        assert (await sent.recv()).pts == 0
        for number in (1, 2, 3):
            camera.take(number)
            await asyncio.sleep(0.01)
        await until(lambda: vars(sent)["_frame"].pts == 3)
        assert (await sent.recv()).pts == 3
        next_one = asyncio.create_task(sent.recv())
        await asyncio.sleep(0.01)
        assert not next_one.done(), "no frame is sent twice"
        camera.end()
        with pytest.raises(MediaStreamError):
            await next_one

    asyncio.run(asyncio.wait_for(whole(), MOST_S))


def test_a_frame_that_arrives_with_the_stop_is_not_processed() -> None:
    processor = Processor()

    async def whole() -> None:
        camera = Camera()
        track = PromptVideoTrack(camera, processor)
        camera.take(0)
        answer = asyncio.create_task(track.recv())
        await asyncio.sleep(0)
        track.stop()
        with pytest.raises(MediaStreamError):
            await answer

    asyncio.run(asyncio.wait_for(whole(), MOST_S))
    assert processor.given == []


def test_a_callback_that_waits_is_refused() -> None:
    class Waiting(Processor):
        async def recv_queued(self, frames: list[av.VideoFrame]) -> list[av.VideoFrame]:
            await asyncio.sleep(0)
            return frames

    async def whole() -> None:
        camera = Camera()
        track = PromptVideoTrack(camera, Waiting())
        camera.take(0)
        with pytest.raises(RuntimeError, match="waited"):
            await track.recv()
        track.stop()

    asyncio.run(whole())


def test_new_streams_send_promptly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webrtc, "AsyncVideoProcessTrack", process.AsyncVideoProcessTrack)
    monkeypatch.setattr(relay, "MediaRelay", MediaRelay)
    send_promptly()

    async def wrapped() -> MediaStreamTrack:
        made = webrtc._wrap_with_processor(
            Camera(), Processor(), async_processing=True, relay=MediaRelay()
        )
        made.stop()
        return made

    assert isinstance(asyncio.run(wrapped()), PromptVideoTrack)
    assert vars(relay)["MediaRelay"] is NewestRelay
