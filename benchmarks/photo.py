"""The waits of a newcomer: the import, the first photo and the next one.

    python -m benchmarks.photo

Each figure is taken in fresh processes, the import beside that of its own needs; medians.
"""

import subprocess
import sys
from statistics import median

RUNS = 7

IMPORT_NEEDS = "import numpy, cv2"
IMPORT_CORE = "import numpy, cv2, fer_core"
PHOTO = """
import io, time, importlib.util
from pathlib import Path
from PIL import Image
start = time.perf_counter()
import fer_core
package = Path(importlib.util.find_spec("matplotlib").origin).parent
portrait = Image.open(package / "mpl-data/sample_data/grace_hopper.jpg").convert("RGB")
photo = Image.new("RGB", (1280, 720), "gray")
photo.paste(portrait, (384, 60))
file = io.BytesIO()
photo.save(file, "JPEG")
analyzer = fer_core.load_analyzer()
def analyze():
    image = fer_core.decode_image(file.getvalue())
    faces = analyzer.analyze(image)
    fer_core.draw_faces(image, faces)
    assert len(faces) == 1
analyze()
print(time.perf_counter() - start)
times = []
for _ in range(9):
    start = time.perf_counter()
    analyze()
    times.append(time.perf_counter() - start)
print(sorted(times)[4])
"""
WALL = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"


def run(code: str) -> list[float]:
    """The numbers that the code prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Print the figures."""
    extra = []
    for _ in range(RUNS):
        needs, core = run(WALL.format(IMPORT_NEEDS))[0], run(WALL.format(IMPORT_CORE))[0]
        extra.append(core - needs)
    firsts, nexts = zip(*(run(PHOTO) for _ in range(RUNS)), strict=True)
    print(f"import fer_core, beyond numpy and cv2: {median(extra):.3f} s")
    print(f"first photo, with import and model:    {median(firsts):.3f} s")
    print(f"next photo of 1280x720, decode to drawn: {median(nexts):.3f} s")


if __name__ == "__main__":
    main()
