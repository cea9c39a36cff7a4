"""The parts of a video that are read: its faces, its clearest moments, the image of any moment."""

from collections.abc import Generator
from dataclasses import dataclass

import fer_core
from fer_core.emotions import DISPLAY_ORDER, Emotion
from fer_core.faces import TrackedFace
from fer_core.images import RgbImage, encode_jpeg, scale_to_fit
from fer_core.timeline import Timeline, VideoSample
from fer_core.video.analysis import analyze_video
from fer_core.video.reader import VideoFile
from webapp.visits.photo_results import tile

MOST_MOMENTS = 6

IMAGE_SIDE_PX = 1280
"""The longer side of the image of a moment."""


@dataclass(frozen=True)
class Moment:
    """The moment at which an expression was the clearest: the time, the face, its image as JPEG."""

    time_s: float
    face: TrackedFace
    emotion: Emotion
    tile: bytes


def follow(
    analyzer: fer_core.EmotionAnalyzer, video: VideoFile, rate: float
) -> Generator[VideoSample, None, list[Moment]]:
    """Find, follow and classify the faces of a video; the clearest moments come at the end."""
    timeline = Timeline(analyzer.classifier.labels, rate)
    for sample in analyze_video(analyzer, video, rate):
        timeline.add(sample)
        yield sample
    return strongest(video, timeline)


def frame_at(video: VideoFile, time_s: float) -> RgbImage:
    """The frame that is seen at a time, at most `IMAGE_SIDE_PX` on the longer side.

    Raises:
        VideoDecodeError: No frame can be read.
    """
    return scale_to_fit(video.frame_at(time_s), IMAGE_SIDE_PX)


def strongest(video: VideoFile, timeline: Timeline) -> list[Moment]:
    """The clearest moment of each expression that a face showed, in the order of display."""
    best: dict[Emotion, tuple[float, TrackedFace]] = {}
    for time_s, faces in timeline.frames():
        for face in faces:
            emotion = face.shown_emotion
            if emotion is None:
                continue
            known = best.get(emotion)
            if known is None or face.probabilities[emotion] > known[1].probabilities[emotion]:
                best[emotion] = (time_s, face)
    moments = []
    for emotion in [e for e in DISPLAY_ORDER if e in best][:MOST_MOMENTS]:
        time_s, face = best[emotion]
        try:
            image = video.frame_at(time_s)
        except fer_core.FerError:
            continue
        width_px, _ = timeline.frame_wh(timeline.index_at(time_s))
        moments.append(Moment(time_s, face, emotion, _tile(image, width_px, face)))
    return moments


def _tile(image: RgbImage, width_px: int, face: TrackedFace) -> bytes:
    height, width, _ = image.shape
    box = face.scaled(width / width_px).box.clipped(width, height)
    return encode_jpeg(tile(image, box or face.box))
