"""Faces of a live stream: found, followed and smoothed over time."""

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from fer_core.analysis import EmotionAnalyzer
from fer_core.drawing import draw_faces
from fer_core.faces import DetectedFace, TrackedFace
from fer_core.full_search import FullSearch, SearchedFrame, shared_threads
from fer_core.images import RgbImage, check_rgb
from fer_core.laps import Laps
from fer_core.motion import MotionFrame, SubpixelBox, follow_boxes, scene_changed
from fer_core.near_search import detect_near
from fer_core.smoothing import HALF_LIFE_S
from fer_core.tracking import UNCONFIRMED_S, Track, Tracks

CLASSIFY_EVERY_S = 0.09
"""How often a face is classified at most: every third frame of a camera's thirty a second. The
answers are averaged over longer, and the frames between cost a third."""

CHECK_EVERY_S = 0.2
"""How often the detector looks whether a face is still where it was followed to."""

SEARCH_EMPTY_EVERY_S = 0.1, 0.5
"""How often the whole frame is searched while no face is in sight: where the picture changes, and
where it does not."""

SEARCH_EVERY_S = 0.2, 1.0
"""How often it is while one is: where the picture changes away from the faces, and else."""

NEAR_MARGIN = 0.2
"""Share of its box that is searched on each side of a face that was followed."""

LOST_MARGIN = 0.5
"""The same for a face that could not be followed."""

SAME_SHAPE_WITHIN = 0.02
"""How much two frames' ratios of sides may differ for one to be the other at another resolution:
sides are whole pixels, often even ones."""

STILL_LARGE_ENOUGH = 0.8
"""Share of the smallest face's size below which a face in sight is dropped, so that one at the
limit does not come and go."""


@dataclass(frozen=True)
class LiveSettings:
    """What a viewer can change while the stream runs.

    Attributes:
        min_face_share: Smallest side of a face, as a share of the frame's shorter side.
        show_probabilities: Draw a bar for each emotion.
        half_life_s: After this time, what was seen before has half the weight in the probabilities.
        mirror: Show the picture as a mirror does; what is drawn on it stays readable.
    """

    min_face_share: float = 0.15
    show_probabilities: bool = False
    half_life_s: float = HALF_LIFE_S
    mirror: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.min_face_share <= 1:
            raise ValueError(f"Expected a share above 0, up to 1. Received: {self.min_face_share}")
        if not self.half_life_s > 0:
            raise ValueError(f"Expected a half-life above 0 s. Received: {self.half_life_s}")


@dataclass(frozen=True)
class LiveFrame:
    """One processed frame.

    Attributes:
        image: Annotated copy of the frame, or of its mirror image.
        faces: The faces in sight, from left to right in `image`, to which their boxes refer.
        stage_ms: Milliseconds that each stage took: `follow` the faces, `ask` the network or the
            detector about one, `draw`; `search`, where the search of an earlier frame has ended,
            which ran beside these.
    """

    image: RgbImage
    faces: tuple[TrackedFace, ...]
    stage_ms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Asked:
    """The last search of a whole frame that was asked for."""

    motion: MotionFrame
    time_s: float
    min_face_px: int


class LiveSession:
    """Follows the faces of one viewer's stream. Not to be shared between streams or threads.

    Each frame costs about the same: boxes are carried along by optical flow, and the network or
    the detector is asked about one face, whichever waits longest. Whole frames are searched beside
    the stream. `settings` may be replaced at any time, from any thread.
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
            executor: Where whole frames are searched; None for threads that all sessions share.
            first_track_id: The first face's; more than 1 where another session's results go on.
        """
        self.settings = settings or LiveSettings()
        self._analyzer = analyzer
        self._tracks = Tracks(first_track_id)
        self._search = FullSearch(analyzer.detector, executor or shared_threads())
        self._shape = 0, 0
        self._last: MotionFrame | None = None
        self._asked: _Asked | None = None

    def process(self, image: RgbImage, time_s: float) -> LiveFrame:
        """Find, follow and classify the faces of the next frame.

        Args:
            image: The frame.
            time_s: When it was taken, in seconds, on a clock that never goes back.

        Raises:
            ValueError: The frame is not an `RgbImage`.
        """
        check_rgb(image)
        settings = self.settings
        laps = Laps()
        min_face_px = round(settings.min_face_share * min(image.shape[:2]))
        motion = MotionFrame(image)
        if image.shape[:2] != self._shape:
            self._resize(image.shape[:2], motion)
        self._tracks.expire(time_s)
        self._follow(image, motion, time_s, min_face_px)
        self._ask_for_search(image, motion, time_s, min_face_px)
        search_ms = self._admit_found(motion, time_s)
        self._tracks.drop_doubles()
        laps.end("follow")
        self._ask_about_one(image, time_s, min_face_px)
        self._last = motion
        laps.end("ask")
        shown = self._shown(image, settings)
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
        annotated = draw_faces(image, faces, show_probabilities=settings.show_probabilities)
        return LiveFrame(annotated, faces)

    def _resize(self, shape: tuple[int, int], motion: MotionFrame) -> None:
        """Keep the faces where only the resolution changed, as a browser does when it is busy.

        Another camera or a phone that was turned gives another shape, too: that starts anew.
        """
        before, self._shape = self._shape, shape
        last = self._last
        if last is None or not math.isclose(
            before[0] * shape[1], shape[0] * before[1], rel_tol=SAME_SHAPE_WITHIN
        ):
            self.forget()
            return
        self._search.cancel()
        self._asked = None
        self._tracks.scale(shape[0] / before[0])
        self._last = last.as_large_as(motion)

    def forget(self) -> None:
        """Forget every face and every picture; may be called from any thread.

        A frame that is being processed meanwhile leaves its own behind.
        """
        self._search.cancel()
        self._tracks.forget()
        self._last = self._asked = None

    def _follow(
        self, image: RgbImage, motion: MotionFrame, time_s: float, min_face_px: int
    ) -> None:
        """Carry the tracks along; look at once for the faces for which that fails."""
        last = self._last
        if last is not None:
            for track in self._tracks.follow(last, motion, time_s):
                self._check(track, image, time_s, min_face_px, LOST_MARGIN)
        height, width = image.shape[:2]
        for track in self._tracks.in_sight:
            too_small = track.box.height < STILL_LARGE_ENOUGH * min_face_px
            if too_small or track.clipped(width, height) is None:
                self._lose(track)

    def _check(
        self, track: Track, image: RgbImage, time_s: float, min_face_px: int, margin: float
    ) -> None:
        """Let the detector look around a face, and lose one that it has not seen for long."""
        smallest = round(STILL_LARGE_ENOUGH * min_face_px)
        box = track.box.rounded()
        found = detect_near(self._analyzer.detector, image, box, margin, smallest)
        track.checked_s = time_s
        followed = track.seen_s == time_s
        if found is not None:
            (track.found_near if followed else track.start)(found, time_s)
        elif not followed or time_s - track.confirmed_s > UNCONFIRMED_S:
            self._lose(track)

    def _lose(self, track: Track) -> None:
        """Take a face for gone, and search the whole frame for it as soon as that is possible."""
        track.in_sight = False
        self._asked = None

    def _ask_for_search(
        self, image: RgbImage, motion: MotionFrame, time_s: float, min_face_px: int
    ) -> None:
        """Have this frame searched if it is time, or instead of an older one that still waits."""
        if self._search.is_waiting or (
            not self._search.is_running and self._is_due(motion, time_s, min_face_px)
        ):
            self._search.submit(SearchedFrame(image.copy(), motion, min_face_px))
            self._asked = _Asked(motion, time_s, min_face_px)

    def _is_due(self, motion: MotionFrame, time_s: float, min_face_px: int) -> bool:
        asked = self._asked
        if asked is None or min_face_px != asked.min_face_px:
            return True
        boxes = [track.box for track in self._tracks.in_sight]
        changing_s, still_s = SEARCH_EVERY_S if boxes else SEARCH_EMPTY_EVERY_S
        elapsed_s = time_s - asked.time_s
        return elapsed_s >= still_s or (
            elapsed_s >= changing_s and scene_changed(asked.motion, motion, boxes)
        )

    def _admit_found(self, motion: MotionFrame, time_s: float) -> dict[str, float]:
        """Take in what a search found, at the places to which it has moved since.

        Returns:
            The milliseconds of `search`; nothing where no search has ended.
        """
        result = self._search.take()
        if result is None:
            return {}
        searched, faces = result
        if searched is not motion:
            boxes = follow_boxes(searched, motion, [SubpixelBox.of(face.box) for face in faces])
            faces = [
                DetectedFace(box.rounded(), face.confidence)
                for face, box in zip(faces, boxes, strict=True)
                if box is not None
            ]
        self._tracks.admit(faces, time_s)
        return {"search": self._search.last_ms}

    def _ask_about_one(self, image: RgbImage, time_s: float, min_face_px: int) -> None:
        """Classify new faces; if there is none, classify or check the face that waits longest."""
        tracks = self._tracks.in_sight
        new = [track for track in tracks if track.is_new]
        if new:
            self._classify(image, new, time_s)
            return
        to_classify = min(tracks, key=lambda track: track.classified_s, default=None)
        to_check = min(tracks, key=lambda track: track.checked_s, default=None)
        if to_classify is None or to_check is None:
            return
        classify_due = (time_s - to_classify.classified_s) / CLASSIFY_EVERY_S
        check_due = (time_s - to_check.checked_s) / CHECK_EVERY_S
        if max(classify_due, check_due) < 1:
            return
        if classify_due >= check_due:
            self._classify(image, [to_classify], time_s)
        else:
            self._check(to_check, image, time_s, min_face_px, NEAR_MARGIN)

    def _classify(self, image: RgbImage, tracks: Sequence[Track], time_s: float) -> None:
        height, width = image.shape[:2]
        inside = [(track, track.clipped(width, height)) for track in tracks]
        faces = [(track, box) for track, box in inside if box]
        answers = self._analyzer.probabilities(image, [box for _, box in faces])
        for (track, _), probabilities in zip(faces, answers, strict=True):
            track.classified(probabilities, time_s, self.settings.half_life_s)
