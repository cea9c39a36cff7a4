"""This package beside others: what it takes to install, to do three jobs, and to read a photo.

    python -m benchmarks.comparison fer-core fer deepface emotiefflib

Each is installed by pip into an environment of its own, which is deleted afterwards. Its jobs are
below as text, as its own documentation has them; their lines are counted, and the last line of the
first job is run again and again on a photo of 1280x720 with one face. What a package downloads when
it is first used, it downloads; where it cannot, that is said in place of the time.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from tests.faces import astronaut

ROOT = Path(__file__).resolve().parents[1]

RUNS = 9

TIMED = """
import sys, time
*first, last = sys.stdin.read().strip().splitlines()
names = {{}}
exec("\\n".join(first), names)
again = compile(last, "photo", "exec")
exec(again, names)
times = []
for _ in range({runs}):
    start = time.process_time(), time.perf_counter()
    exec(again, names)
    times.append((time.process_time() - start[0], time.perf_counter() - start[1]))
print(*(sorted(each)[{runs} // 2] for each in zip(*times)))
"""


@dataclass(frozen=True)
class Jobs:
    """A way to install a tool, and three programs in which it does the same.

    Attributes:
        install: What pip is told to install.
        photo: The faces of `photo.jpg` with their emotions.
        folder: Those of all photos of the folder `photos`, as `emotions.csv`; one without a face
            does not end it.
        video: Those of `clip.mp4`, five frames a second, as `clip.csv`.
    """

    install: tuple[str, ...]
    photo: str
    folder: str
    video: str

    def n_lines(self) -> tuple[int, int, int]:
        """The number of lines of each program."""
        photo, folder, video = (
            len(text.strip().splitlines()) for text in (self.photo, self.folder, self.video)
        )
        return photo, folder, video


PACKAGES = {
    "fer-core": Jobs(
        (str(ROOT),),
        """
import fer_core
analyzer = fer_core.load_analyzer()
faces = analyzer.analyze("photo.jpg")
""",
        """
fer-core predict photos --csv emotions.csv
""",
        """
fer-core predict clip.mp4 --rate 5 --csv clip.csv
""",
    ),
    "fer": Jobs(
        ("fer",),
        """
from fer.fer import FER
detector = FER()
faces = detector.detect_emotions("photo.jpg")
""",
        """
from pathlib import Path
import cv2
import pandas
from fer.fer import FER
detector, rows = FER(), []
for path in Path("photos").iterdir():
    if (image := cv2.imread(str(path))) is not None:
        for face in detector.detect_emotions(image):
            rows.append({"file": path.name, "box": face["box"], **face["emotions"]})
pandas.DataFrame(rows).to_csv("emotions.csv", index=False)
""",
        """
from fer.classes import Video
from fer.fer import FER
video = Video("clip.mp4")
answers = video.analyze(FER(), display=False, frequency=6)
video.to_pandas(answers).to_csv("clip.csv")
""",
    ),
    "deepface": Jobs(
        ("deepface", "werkzeug"),  # 0.0.103 imports it without asking for it
        """
from deepface import DeepFace
faces = DeepFace.analyze("photo.jpg", actions=["emotion"])
""",
        """
from pathlib import Path
import pandas
from deepface import DeepFace
rows = []
for path in Path("photos").iterdir():
    try:
        for face in DeepFace.analyze(str(path), actions=["emotion"]):
            rows.append({"file": path.name, **face["region"], **face["emotion"]})
    except ValueError as error:
        rows.append({"file": path.name, "problem": str(error)})
pandas.DataFrame(rows).to_csv("emotions.csv", index=False)
""",
        """
import cv2
import pandas
from deepface import DeepFace
rows, number, video = [], 0, cv2.VideoCapture("clip.mp4")
while (read := video.read())[0]:
    if number % 6 == 0:
        for face in DeepFace.analyze(read[1], actions=["emotion"], enforce_detection=False):
            rows.append({"frame": number, **face["region"], **face["emotion"]})
    number += 1
pandas.DataFrame(rows).to_csv("clip.csv", index=False)
""",
    ),
    "emotiefflib": Jobs(
        ("emotiefflib", "facenet-pytorch", "pandas"),
        """
import cv2
from emotiefflib.facial_analysis import EmotiEffLibRecognizer
from facenet_pytorch import MTCNN
finder, recognizer = MTCNN(), EmotiEffLibRecognizer(engine="onnx")
def analyze(image):
    boxes, _ = finder.detect(image)
    crops = [image[max(0, int(y)):int(b), max(0, int(x)):int(r)] for x, y, r, b in boxes]
    return recognizer.predict_emotions(crops, logits=False)
faces = analyze(cv2.cvtColor(cv2.imread("photo.jpg"), cv2.COLOR_BGR2RGB))
""",
        """
from pathlib import Path
import cv2
import pandas
from emotiefflib.facial_analysis import EmotiEffLibRecognizer
from facenet_pytorch import MTCNN
finder, recognizer, rows = MTCNN(), EmotiEffLibRecognizer(engine="onnx"), []
for path in Path("photos").iterdir():
    if (image := cv2.imread(str(path))) is None:
        continue
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    boxes, _ = finder.detect(image)
    for x, y, right, bottom in [] if boxes is None else boxes.astype(int).clip(0):
        (emotion,), _ = recognizer.predict_emotions(image[y:bottom, x:right], logits=False)
        rows.append({"file": path.name, "x": x, "y": y, "emotion": emotion})
pandas.DataFrame(rows).to_csv("emotions.csv", index=False)
""",
        """
import cv2
import pandas
from emotiefflib.facial_analysis import EmotiEffLibRecognizer
from facenet_pytorch import MTCNN
finder, recognizer = MTCNN(), EmotiEffLibRecognizer(engine="onnx")
rows, number, video = [], 0, cv2.VideoCapture("clip.mp4")
while (read := video.read())[0]:
    if number % 6 == 0:
        image = cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB)
        boxes, _ = finder.detect(image)
        for x, y, right, bottom in [] if boxes is None else boxes.astype(int).clip(0):
            (emotion,), _ = recognizer.predict_emotions(image[y:bottom, x:right], logits=False)
            rows.append({"frame": number, "x": x, "y": y, "emotion": emotion})
    number += 1
pandas.DataFrame(rows).to_csv("clip.csv", index=False)
""",
    ),
}


def mebibytes(folder: Path) -> float:
    """The room of its files on disk, as `du -m` counts it: blocks, in 2^20 bytes, without links."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.lstat().st_blocks * 512 for path in files) / 2**20


def python_of(folder: Path) -> str:
    """The Python of an environment."""
    return str(folder / ("Scripts" if sys.platform == "win32" else "bin") / "python")


def install(jobs: Jobs, folder: Path) -> tuple[float, float]:
    """Install a package into a new environment.

    Returns:
        Seconds of processor time, which do not hang on the network, and what it adds in MiB.
    """
    venv.create(folder, with_pip=True)
    before = mebibytes(folder), child_cpu_s()
    command = [python_of(folder), "-m", "pip", "install", "--quiet", "--no-cache-dir"]
    subprocess.run([*command, *jobs.install], check=True)
    return child_cpu_s() - before[1], mebibytes(folder) - before[0]


def child_cpu_s() -> float:
    """Processor time of all processes that were started and have ended."""
    times = os.times()
    return times.children_user + times.children_system


def photo(jobs: Jobs, folder: Path) -> str:
    """The time that its last line takes for a photo, or the reason why it takes none."""
    image = np.full((720, 1280, 3), 120, np.uint8)
    image[104:616, 384:896] = astronaut()
    Image.fromarray(image).save(folder / "photo.jpg", quality=92)
    program = [python_of(folder), "-c", TIMED.format(runs=RUNS)]
    done = subprocess.run(program, input=jobs.photo, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        return "no photo: " + (done.stderr.strip().splitlines() or ["it ended"])[-1]
    cpu_s, wall_s = map(float, done.stdout.split()[-2:])
    return f"{1000 * wall_s:.0f} ms a photo, {1000 * cpu_s:.0f} ms of processor time"


def main() -> None:
    """Print a line for each package."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("packages", nargs="*", choices=PACKAGES, default=["fer-core"])
    for name in parser.parse_args().packages:
        jobs = PACKAGES[name]
        with tempfile.TemporaryDirectory() as folder:
            cpu_s, size = install(jobs, Path(folder))
            took = photo(jobs, Path(folder))
        lines = ", ".join(map(str, jobs.n_lines()))
        print(f"{name}: {lines} lines, installed in {cpu_s:.0f} s, {size:.0f} MiB, {took}")


if __name__ == "__main__":
    main()
