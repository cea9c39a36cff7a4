"""The time that the analysis of a video takes, and the proof that its memory does not grow.

    python -m benchmarks.video [--long]

A clip of 1280x720 pixels at 30 frames a second in which two portraits move, one of them at times
away, is analyzed at 10 frames a second in a fresh process, then annotated. With `--long` it is
ten times as long.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import av
import cv2
import numpy as np
import skimage.data

WIDTH, HEIGHT, FPS = 1280, 720, 30

ANALYZE = """
import resource, sys, time
from pathlib import Path
import fer_core
from fer_core.timeline import Timeline
from fer_core.video.analysis import analyze_video
from fer_core.video.reader import open_video
analyzer = fer_core.load_analyzer()
video = open_video(Path(sys.argv[1]))
timeline = Timeline(analyzer.classifier.labels, 10)
wall, cpu = time.perf_counter(), time.process_time()
def peak_mb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
peaks = {}
for sample in analyze_video(analyzer, video, 10):
    timeline.add(sample)
    if len(timeline) % 600 == 0:
        seconds = len(timeline) // 10
        peaks[seconds] = peak_mb()
        print(f"after {seconds} s: peak {peaks[seconds]:.0f} MB", file=sys.stderr, flush=True)
print(time.perf_counter() - wall, time.process_time() - cpu)
print(len(timeline), timeline.n_faces)
print(peaks[60], peak_mb())
"""

ANNOTATE = (
    ANALYZE
    + """
from fer_core.video.writer import write_annotated
wall, cpu = time.perf_counter(), time.process_time()
for _ in write_annotated(video, timeline, Path(sys.argv[1]).with_suffix(".out.mp4")):
    pass
print(time.perf_counter() - wall, time.process_time() - cpu)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
)


def write_clip(path: Path, seconds: int) -> None:
    """The clip; faces move in circles, and the second one is away in each third second of ten."""
    head = skimage.data.astronaut()[10:210, 130:330]
    large, small = cv2.resize(head, (400, 400)), cv2.resize(head[:, ::-1], (260, 260))
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=FPS, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(seconds * FPS):
            image = np.full((HEIGHT, WIDTH, 3), 110, dtype=np.uint8)
            turn = 2 * np.pi * number / (6 * FPS)
            x, y = round(180 + 80 * np.cos(turn)), round(160 + 80 * np.sin(turn))
            image[y : y + 400, x : x + 400] = large
            if number // FPS % 10 < 7:
                image[y + 100 : y + 360, 1160 - x : 1420 - x][:, : WIDTH - 1160 + x] = small[
                    :, : WIDTH - 1160 + x
                ]
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            output.mux(stream.encode(frame))
        output.mux(stream.encode())


def write_repeated(source: Path, target: Path, times: int) -> None:
    """The clip several times in a row, its packets as they are."""
    with av.open(str(target), "w", format="mp4") as output:
        stream = None
        for turn in range(times):
            with av.open(str(source)) as clip:
                video = clip.streams.video[0]
                stream = stream or output.add_stream_from_template(video)
                for packet in clip.demux(video):
                    if packet.pts is None or packet.dts is None or video.duration is None:
                        continue
                    packet.pts += turn * video.duration
                    packet.dts += turn * video.duration
                    packet.stream = stream
                    output.mux(packet)


def run(code: str, clip: Path) -> list[float]:
    """The numbers that the code prints about a clip in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(clip)], check=True, stdout=subprocess.PIPE
    )
    return [float(number) for number in done.stdout.split()]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="one of 600 s, without annotating it")
    long = parser.parse_args().long
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        write_clip(clip, 60)
        if long:
            write_repeated(clip, Path(folder) / "long.mp4", 10)
            clip = Path(folder) / "long.mp4"
        wall, cpu, n, n_faces, first, peak, *rest = run(ANALYZE if long else ANNOTATE, clip)
        print(f"analyzed {n:.0f} frames with {n_faces:.0f} faces in {wall:.1f} s,")
        print(
            f"{cpu:.1f} s of processor time; peak {first:.0f} MB after 60 s, {peak:.0f} MB in all"
        )
        if rest:
            wall, cpu, peak = rest
            print(f"annotated in {wall:.1f} s, {cpu:.1f} s of processor time; peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
