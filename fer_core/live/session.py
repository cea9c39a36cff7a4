"""Faces of a live stream: found, followed and smoothed over time."""

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import cv2
import numpy as np

from fer_core.analysis import EmotionAnalyzer
from fer_core.detection.near import detect_near
from fer_core.drawing import draw_faces
from fer_core.faces import DetectedFace
from fer_core.image_input import Color, ImageInput, to_rgb
from fer_core.images import RgbImage
from fer_core.live.background_search import Frame, FullSearch, shared_threads
from fer_core.live.frames import LiveFrame, LiveSettings
from fer_core.live.laps import Laps
from fer_core.tracking.live_tracker import UNCONFIRMED_S, Track, Tracks
from fer_core.tracking.optical_flow import MotionFrame, SubpixelBox, follow_boxes, scene_changed

CLASSIFY_EVERY_S = 0.09
"""Shortest time between two predictions for a face: every third frame of a camera's thirty a
second. They are averaged over longer, and the frames between cost a third."""

CHECK_EVERY_S = 0.2
"""Time between two checks that a face is still where it was followed to."""

SEARCH_EMPTY_EVERY_S = 0.1, 0.5
"""Time between two searches of the whole frame while no face is in sight: first while the frames
change, then while they do not."""

SEARCH_EVERY_S = 0.2, 1.0
"""The same while a face is in sight: first while the frames change away from the faces."""

NEAR_MARGIN = 0.2
"""Share of its box that is searched on each side of a face that was followed."""

LOST_MARGIN = 0.5
"""The same for a face that could not be followed."""

SAME_SHAPE_WITHIN = 0.02
"""Largest difference of the aspect ratios of one frame at two resolutions: sides are whole pixels,
often even ones."""

STILL_LARGE_ENOUGH = 0.8
"""Share of the smallest face's size below which a face in sight is dropped, so that one at the
limit does not come and go."""


@dataclass(frozen=True)
class _Asked:
    """The last search of a whole frame that was asked for."""

    motion: MotionFrame
    time_s: float
    min_face_px: int


class LiveSession:
    """Follows the faces of one viewer's stream. Not to be shared between streams or threads.

    Each frame costs about the same. Optical flow carries the boxes along. Then one face is
    classified or checked by the detector: the one that has waited longest. Whole frames are
    searched beside the stream. `settings` may be replaced at any time, from any thread.
    """

    def __init__(
        self,
        analyzer: EmotionAnalyzer,
        settings: LiveSettings | None = None,
        executor: Executor | None = None,
        first_track_id: int = 1,
    ) -> None:
        """Start without faces.

        Args:
            analyzer: Detector and classifier, shared by all sessions.
            settings: The defaults if None.
            executor: Searches whole frames; None for threads that all sessions share.
            first_track_id: The first face's; more than 1 where another session's results go on.
        """
        self.settings = settings or LiveSettings()
        self._analyzer = analyzer
        self._tracks = Tracks(first_track_id)
        self._search = FullSearch(analyzer.detector, executor or shared_threads())
        self._size_wh = 0, 0
        self._last: MotionFrame | None = None
        self._asked: _Asked | None = None

    def process(self, image: ImageInput, time_s: float, *, color: Color = "rgb") -> LiveFrame:
        """Find, follow and classify the faces of the next frame.

        Args:
            image: The frame, as for `EmotionAnalyzer.analyze`.
            time_s: The frame's time in seconds, on a clock that never goes back.
            color: The order of an array's colors; **"bgr" for frames of OpenCV**.

        Raises:
            TypeError: The frame is no image.
            ValueError: It is an array of another shape or type.
        """
        rgb = to_rgb(image, color)
        settings = self.settings
        laps = Laps()
        min_face_px = round(settings.min_face_share * min(rgb.shape[:2]))
        frame = Frame(rgb, MotionFrame(rgb), time_s, min_face_px)
        if frame.size_wh != self._size_wh:
            self._resize(frame)
        self._tracks.expire(time_s)
        self._follow(frame)
        self._ask_for_search(frame)
        search_ms = self._admit_found(frame)
        self._tracks.drop_doubles()
        laps.end("follow")
        self._ask_about_one(frame)
        self._last = frame.motion
        laps.end("ask")
        shown = self._shown(rgb, settings)
        laps.end("draw")
        return replace(shown, stage_ms=laps.ms | search_ms)

    def _shown(self, image: RgbImage, settings: LiveSettings) -> LiveFrame:
        height, width = image.shape[:2]
        inside = [(track, track.clipped(width, height)) for track in self._tracks.in_sight]
        faces = tuple(track.face(box) for track, box in inside if box is not None)
        if settings.mirror:
            image = np.asarray(cv2.flip(image, 1), dtype=np.uint8)
            mirrored = [replace(face, box=face.box.mirrored(width)) for face in faces]
            faces = tuple(sorted(mirrored, key=lambda face: face.box.xyxy))
        annotated = draw_faces(
            image,
            faces,
            show_probabilities=settings.show_probabilities,
            shown_width_px=settings.shown_width_px,
        )
        return LiveFrame(annotated, faces, image)

    def _resize(self, frame: Frame) -> None:
        """Keep the faces where only the resolution changed, as a browser does when it is busy.

        Another camera or a phone that was turned gives another shape, too: that starts again.
        """
        before, self._size_wh = self._size_wh, frame.size_wh
        last = self._last
        if last is None or not math.isclose(
            before[0] * frame.size_wh[1], frame.size_wh[0] * before[1], rel_tol=SAME_SHAPE_WITHIN
        ):
            self.forget()
            return
        self._search.cancel()
        self._asked = None
        self._tracks.scale(frame.size_wh[1] / before[1])
        self._last = last.as_large_as(frame.motion)

    def forget(self) -> None:
        """Forget every face and every frame; may be called from any thread.

        A frame that is being processed meanwhile leaves its own behind.
        """
        self._search.cancel()
        self._tracks.forget()
        self._last = self._asked = None

    def _follow(self, frame: Frame) -> None:
        """Carry the tracks along; look at once for the faces for which that fails."""
        last = self._last
        if last is not None:
            for track in self._tracks.follow(last, frame.motion, frame.time_s):
                self._check(track, frame, LOST_MARGIN)
        for track in self._tracks.in_sight:
            too_small = track.box.height < STILL_LARGE_ENOUGH * frame.min_face_px
            if too_small or track.clipped(*frame.size_wh) is None:
                self._lose(track)

    def _check(self, track: Track, frame: Frame, margin: float) -> None:
        """Let the detector look around a face, and lose one that it has not seen for long."""
        smallest = round(STILL_LARGE_ENOUGH * frame.min_face_px)
        box = track.box.rounded()
        found = detect_near(self._analyzer.detector, frame.image, box, margin, smallest)
        track.checked_s = frame.time_s
        followed = track.seen_s == frame.time_s
        if found is not None:
            (track.found_near if followed else track.start)(found, frame.time_s)
        elif not followed or frame.time_s - track.confirmed_s > UNCONFIRMED_S:
            self._lose(track)

    def _lose(self, track: Track) -> None:
        """Take a face for gone, and search the whole frame for it as soon as that is possible."""
        track.in_sight = False
        self._asked = None

    def _ask_for_search(self, frame: Frame) -> None:
        """Have this frame searched if it is time, or in place of an older one that still waits."""
        if self._search.is_waiting or (not self._search.is_running and self._is_due(frame)):
            self._search.submit(replace(frame, image=frame.image.copy()))
            self._asked = _Asked(frame.motion, frame.time_s, frame.min_face_px)

    def _is_due(self, frame: Frame) -> bool:
        asked = self._asked
        if asked is None or frame.min_face_px != asked.min_face_px:
            return True
        boxes = [track.box for track in self._tracks.in_sight]
        changing_s, still_s = SEARCH_EVERY_S if boxes else SEARCH_EMPTY_EVERY_S
        elapsed_s = frame.time_s - asked.time_s
        return elapsed_s >= still_s or (
            elapsed_s >= changing_s and scene_changed(asked.motion, frame.motion, boxes)
        )

    def _admit_found(self, frame: Frame) -> dict[str, float]:
        """Take in what a search found, at the places to which it has moved since.

        Returns:
            The milliseconds of `search`; nothing where no search has ended.
        """
        result = self._search.take()
        if result is None:
            return {}
        searched, faces = result
        if searched is not frame.motion:
            then = [SubpixelBox.of(face.box) for face in faces]
            boxes = follow_boxes(searched, frame.motion, then)
            faces = [
                DetectedFace(box.rounded(), face.confidence)
                for face, box in zip(faces, boxes, strict=True)
                if box is not None
            ]
        self._tracks.admit(faces, frame.time_s)
        return {"search": self._search.last_ms}

    def _ask_about_one(self, frame: Frame) -> None:
        """Classify new faces; if there is none, classify or check the face that waits longest."""
        tracks = self._tracks.in_sight
        new = [track for track in tracks if track.is_new]
        if new:
            self._classify(new, frame)
            return
        to_classify = min(tracks, key=lambda track: track.classified_s, default=None)
        to_check = min(tracks, key=lambda track: track.checked_s, default=None)
        if to_classify is None or to_check is None:
            return
        classify_due = (frame.time_s - to_classify.classified_s) / CLASSIFY_EVERY_S
        check_due = (frame.time_s - to_check.checked_s) / CHECK_EVERY_S
        if max(classify_due, check_due) < 1:
            return
        if classify_due >= check_due:
            self._classify([to_classify], frame)
        else:
            self._check(to_check, frame, NEAR_MARGIN)

    def _classify(self, tracks: Sequence[Track], frame: Frame) -> None:
        inside = [(track, track.clipped(*frame.size_wh)) for track in tracks]
        faces = [(track, box) for track, box in inside if box]
        rows = self._analyzer.probabilities(frame.image, [box for _, box in faces])
        for (track, _), probabilities in zip(faces, rows, strict=True):
            track.classified(probabilities, frame.time_s, self.settings.half_life_s)
