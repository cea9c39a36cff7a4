"""The time and the memory of a large photo and of a folder of photos.

    python -m benchmarks.photos

A photo of 12 megapixels from bytes to drawn, the best of five: wall-clock and processor time. Then
`fer_core predict` on 1,000 photos of 1280x720 by one job and by two, in turn, with the memory it
held after the 100th and after the 1,000th. Faces are public-domain portraits that packages carry.
"""

import argparse
import importlib.util
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

import fer_core

FOLDER = """
import sys, time
from pathlib import Path
from fer_core.__main__ import main
from fer_core.reports.row_file import RowFile
def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 2**20
memory = {}
append = RowFile.append
def noting(table, file, rows):
    append(table, file, rows)
    memory[len(table.files)] = resident_mb()
RowFile.append = noting
start_s = time.perf_counter()
code = main(["predict", sys.argv[1], "--jobs", sys.argv[2], "--json", sys.argv[3]])
seconds, cpu = time.perf_counter() - start_s, time.process_time()
last = max(memory)
print(seconds, cpu, memory[last // 10], memory[last])
sys.exit(code)
"""


def photo(width: int, height: int, shift_px: int = 0) -> bytes:
    """A JPEG with three portraits on gray."""
    spec = importlib.util.find_spec("matplotlib")
    assert spec is not None
    assert spec.origin is not None
    portrait = Image.open(Path(spec.origin).parent / "mpl-data/sample_data/grace_hopper.jpg")
    side = height * 2 // 3
    canvas = Image.new("RGB", (width, height), "gray")
    for number in range(3):
        small = portrait.convert("RGB").resize((side * 4 // 5, side))
        canvas.paste(small, (width // 20 + number * width // 3 + shift_px, height // 6))
    file = io.BytesIO()
    canvas.save(file, "JPEG", quality=90)
    return file.getvalue()


def large_photo() -> tuple[float, float]:
    """Seconds and seconds of processor time for 4000x3000."""
    data, analyzer = photo(4000, 3000), fer_core.load_analyzer()
    times = []
    for _ in range(6):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        image = fer_core.decode_image(data)
        fer_core.draw_faces(image, analyzer.analyze(image))
        times.append((time.perf_counter() - start_s, time.process_time() - start_cpu_s))
    return min(times[1:])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1000, help="photos in the folder")
    parser.add_argument("--turns", type=int, default=2)
    args = parser.parse_args()
    seconds, cpu_s = large_photo()
    print(f"12 megapixels: {seconds:.2f} s, {cpu_s:.2f} s of processor time", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "photos"
        folder.mkdir()
        for number in range(args.n):
            (folder / f"{number:04}.jpg").write_bytes(photo(1280, 720, number % 50))
        for turn in range(args.turns):
            for jobs in ("1", "2"):
                output = str(Path(name) / f"{turn}-{jobs}.json")
                done = subprocess.run(
                    [sys.executable, "-c", FOLDER, str(folder), jobs, output],
                    check=True,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                )
                figures = map(float, done.stdout.splitlines()[-1].split())
                print(
                    "{} photos, {} jobs: {:.1f} s, {:.1f} s of processor time, {:.0f} MB after a "
                    "tenth, {:.0f} MB in the end".format(args.n, jobs, *figures),
                    flush=True,
                )


if __name__ == "__main__":
    main()
