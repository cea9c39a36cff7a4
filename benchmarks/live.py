"""The time of a live frame, against the tutorials' loop, and the calm of its faces.

    python -m benchmarks.live [--clip FILE] [--seconds N]

Milliseconds are wall time and, in brackets, processor time of the stream's own thread: they are
the same on a quiet machine. Everything runs on clips of 640x480 at 30 frames a second that are
made of two portraits and noise, and on a video file if one is given.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import cv2
import numpy as np
import numpy.typing as npt

import fer_core
from benchmarks.clips import FPS, Pose, center_and_width, draw, moving, portraits, read_clip
from fer_core.classification.classifier import EmotionClassifier
from fer_core.classification.model_store import DEFAULT_MODEL, find_model
from fer_core.detection.near import detect_near
from fer_core.faces import DetectedFace
from fer_core.images import RgbImage
from fer_core.live.background_search import InlineExecutor
from fer_core.tracking.optical_flow import MotionFrame, SubpixelBox, follow_boxes

Process = Callable[[RgbImage], object]


class Stopwatch:
    """Collects wall and processor milliseconds of calls."""

    def __init__(self) -> None:
        self.wall_ms: list[float] = []
        self.cpu_ms: list[float] = []

    def time(self, call: Callable[[], object]) -> None:
        """Call and measure."""
        start, start_cpu = time.perf_counter(), time.thread_time()
        call()
        self.cpu_ms.append((time.thread_time() - start_cpu) * 1000)
        self.wall_ms.append((time.perf_counter() - start) * 1000)

    def __str__(self) -> str:
        wall = np.percentile(self.wall_ms, (50, 95))
        cpu = np.percentile(self.cpu_ms, (50, 95))
        return f"{wall[0]:6.2f} / {wall[1]:6.2f}   ({cpu[0]:5.2f} / {cpu[1]:5.2f})"


def moving_clip(n_faces: int, n_frames: int) -> list[RgbImage]:
    """Faces that sway."""
    chosen = portraits()[:n_faces]
    return [
        draw([(p, moving(i, n_faces, t / FPS)) for i, p in enumerate(chosen)], number=t)
        for t in range(n_frames)
    ]


def at_camera_rate(frames: Sequence[RgbImage], process: Process) -> Stopwatch:
    """Give frames to a process as a camera does, dropping those that come while it is busy."""
    watch = Stopwatch()
    start = time.perf_counter()
    while (number := int((time.perf_counter() - start) * FPS)) < len(frames):
        image = frames[number]
        watch.time(lambda: process(image))  # noqa: B023  # called at once
        time.sleep(max(0.0, start + (number + 1) / FPS - time.perf_counter()))
    return watch


def session_process(session: fer_core.LiveSession) -> Process:
    """The session as the app calls it."""
    return lambda image: session.process(image, time.perf_counter())


def measure_stages(analyzer: fer_core.EmotionAnalyzer, n_faces: int) -> None:
    """Each part of a frame alone."""
    frames = moving_clip(n_faces, 60)
    motions = [MotionFrame(frame) for frame in frames]
    faces = analyzer.detector.detect(frames[0], 72)
    boxes = [SubpixelBox.of(face.box) for face in faces]
    classified = analyzer.classify(frames[0], faces)
    box = faces[0].box
    stages: dict[str, Callable[[int], object]] = {
        "copy for motion": lambda i: MotionFrame(frames[i]),
        "follow all faces": lambda i: follow_boxes(motions[i - 1], motions[i], boxes),
        "search near one face": lambda i: detect_near(analyzer.detector, frames[0], box, 0.2, 58),
        "classify one face": lambda i: analyzer.probabilities(frames[0], [faces[0].box]),
        "draw all faces": lambda i: fer_core.draw_faces(frames[i], classified),
        "draw them with bars": lambda i: fer_core.draw_faces(
            frames[i], classified, show_probabilities=True
        ),
        "search a whole frame (beside)": lambda i: analyzer.detector.detect(frames[i], 72),
    }
    print(f"\nstages, {len(faces)} face(s)            median /   95 % ms")
    for name, stage in stages.items():
        watch = Stopwatch()
        for i in range(1, len(frames)):
            watch.time(lambda: stage(i))  # noqa: B023
        print(f"  {name:30} {watch}")


class TutorialLoop:
    """The tutorials' work on each frame: everything, on the whole frame."""

    def __init__(self) -> None:
        import keras

        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml"
        self._cascade = cv2.CascadeClassifier(str(path))
        folder = find_model(DEFAULT_MODEL)
        self._network = keras.models.load_model(folder / "model.keras")
        self._labels = EmotionClassifier.load(folder).labels

    def __call__(self, image: RgbImage) -> RgbImage:
        """Annotate a frame."""
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        drawn = image.copy()
        for x, y, w, h in self._cascade.detectMultiScale(gray, 1.3, 5):
            face = cv2.resize(gray[y : y + h, x : x + w], (48, 48))
            row = self._network.predict(face[np.newaxis, ..., np.newaxis], verbose=0)[0]
            cv2.rectangle(drawn, (x, y), (x + w, y + h), (255, 0, 0), 2)
            label = self._labels[int(np.argmax(row))]
            cv2.putText(drawn, label, (x, y - 10), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2)
        return drawn


def compare(
    name: str, frames: Sequence[RgbImage], analyzer: fer_core.EmotionAnalyzer, tutorial: Process
) -> None:
    """The same frames through both, in turns of two seconds; each at the camera's rate."""
    ours, theirs = Stopwatch(), Stopwatch()
    session = session_process(fer_core.LiveSession(analyzer))
    busy = [0.0, 0.0]
    n_done = [0, 0]
    for start in range(0, len(frames), 2 * FPS):
        part = frames[start : start + 2 * FPS]
        for which, (watch, process) in enumerate(((ours, session), (theirs, tutorial))):
            before = time.process_time()
            new = at_camera_rate(part, process)
            busy[which] += time.process_time() - before
            n_done[which] += len(new.wall_ms)
            watch.wall_ms += new.wall_ms
            watch.cpu_ms += new.cpu_ms
    print(f"\n{name}                median /   95 % ms")
    print(f"  LiveSession.process            {ours}")
    print(f"  the tutorials' loop            {theirs}")
    ratio = median(theirs.wall_ms) / median(ours.wall_ms)
    all_cpu = [1000 * used / n for used, n in zip(busy, n_done, strict=True)]
    print(f"  times faster: {ratio:.0f}")
    print(
        f"  processor ms a frame, searches beside it included: {all_cpu[0]:.1f}, "
        f"tutorials {all_cpu[1]:.1f} ({all_cpu[1] / all_cpu[0]:.0f} times)"
    )
    print(f"  frames done of {len(frames)}: {n_done[0]}, tutorials {n_done[1]}")


def poses(
    frames: Sequence[RgbImage], analyzer: fer_core.EmotionAnalyzer
) -> npt.NDArray[np.float64]:
    """x, y and width of the only face in each frame, not a number where it is not shown."""
    session = fer_core.LiveSession(analyzer, executor=InlineExecutor())
    rows = []
    for i, frame in enumerate(frames):
        faces = session.process(frame, i / FPS).faces
        pose = center_and_width(faces[0].box) if faces else Pose(np.nan, np.nan, np.nan)
        rows.append((pose.x, pose.y, pose.width))
    return np.array(rows)


def measure_boxes(analyzer: fer_core.EmotionAnalyzer, seconds: int) -> None:
    """The tremble of a still face's box, and the delay of a moving one's."""
    print("\nboxes, standard deviation in pixels     x      y  width")
    for i, portrait in enumerate(portraits()[:2]):
        for width in (90, 160):
            still = [draw([(portrait, Pose(320, 240, width))], t) for t in range(seconds * FPS)]
            ours = np.nanstd(poses(still, analyzer)[FPS:], axis=0)
            found = [analyzer.detector.detect(frame, 72) for frame in still[::10]]
            haar = [center_and_width(faces[0].box) for faces in found if faces]
            alone = np.std([(pose.x, pose.y, pose.width) for pose in haar], axis=0)
            name = f"  still face {i + 1}, {width} wide"
            print(f"{name:32} {ours[0]:8.2f} {ours[1]:6.2f} {ours[2]:6.2f}")
            print(f"{'    detector alone':32} {alone[0]:8.2f} {alone[1]:6.2f} {alone[2]:6.2f}")
    for speed in (1.0, 2.0, 4.0):
        true = [moving(0, 1, t / FPS, speed) for t in range(6 * FPS)]
        clip = [draw([(portraits()[0], pose)], t) for t, pose in enumerate(true)]
        error = poses(clip, analyzer) - np.array([(p.x, p.y, p.width) for p in true])
        off = np.nanstd(error, axis=0)
        name = f"  moving, {speed * 120 * 2 * np.pi / 3:.0f} px/s at most"
        print(f"{name:32} {off[0]:8.2f} {off[1]:6.2f} {off[2]:6.2f}")


def measure_labels(analyzer: fer_core.EmotionAnalyzer, seconds: int) -> None:
    """The number of times that a still face's label changes, which is always wrong."""
    print("\nstill faces in noise: changes a minute of the name, and of the most probable emotion")
    for brightness in (1.0, 0.4):
        for i, portrait in enumerate(portraits()):
            session = fer_core.LiveSession(analyzer, executor=InlineExecutor())
            named, best = [], []
            for t in range(seconds * FPS):
                frame = draw([(portrait, Pose(320, 240, 120))], t, brightness)
                for face in session.process(frame, t / FPS).faces:
                    named.append(face.steady_emotion)
                    best.append(analyzer.classify(frame, [DetectedFace(face.box, 1)])[0].emotion)
            changes = [sum(a != b for a, b in pairwise(names)) for names in (named, best)]
            share = face.probability
            print(
                f"  portrait {i + 1}, brightness {brightness}: "
                f"{60 * changes[0] / seconds:5.1f} {60 * changes[1] / seconds:7.1f}   "
                f"({named[-1] or 'uncertain'}, {share:.0%})"
            )


def measure_finding(analyzer: fer_core.EmotionAnalyzer, n_trials: int) -> None:
    """The time for which a face is in view before it is shown."""
    frames = [[draw([], number=t) for t in range(8)]]
    frames += [[draw([(portraits()[0], Pose(320, 240, 120))], number=t) for t in range(8)]]
    times_s = []
    for trial in range(n_trials):
        session = fer_core.LiveSession(analyzer)
        came_s = float("inf")
        for t in range(10 * FPS):
            start = time.perf_counter()
            in_view = t >= FPS + trial  # at another moment between two searches each time
            came_s = min(came_s, start) if in_view else came_s
            if session.process(frames[in_view][t % 8], start).faces:
                times_s.append(time.perf_counter() - came_s)
                break
            time.sleep(max(0.0, start + 1 / FPS - time.perf_counter()))
    worst = max(times_s)
    print(
        f"\na face that comes into view is shown after: median {median(times_s):.3f} s, "
        f"longest {worst:.3f} s of {len(times_s)} ({n_trials} times)"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a video file to compare on as well")
    parser.add_argument("--seconds", type=int, default=20, help="length of the clips made")
    options = parser.parse_args()
    given = read_clip(options.clip, options.seconds * FPS) if options.clip else None
    analyzer = fer_core.load_analyzer()
    analyzer.warm_up()
    print(f"load average at the start: {os.getloadavg()}")
    for n_faces in (1, 4):
        measure_stages(analyzer, n_faces)
    tutorial = TutorialLoop()
    for n_faces in (1, 4):
        clip = moving_clip(n_faces, options.seconds * FPS)
        compare(f"{n_faces} face(s), 640x480", clip, analyzer, tutorial)
    if given:
        compare(options.clip.name, given, analyzer, tutorial)
    measure_finding(analyzer, 20)
    measure_boxes(analyzer, options.seconds)
    measure_labels(analyzer, options.seconds)
    print(f"load average at the end: {os.getloadavg()}")


if __name__ == "__main__":
    main()
