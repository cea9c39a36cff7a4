"""Checks that every start plays, and measures the memory that many visits leave.

    python -m benchmarks.visits [--visits N]

Each visit starts the camera, sees its frames move and leaves, in turn by STOP, by closing the tab
and by a browser that is killed. Streamlit keeps a visit that did not say goodbye for two minutes,
so memory is read three minutes after the last. The first visits load the model and are not
counted as growth.
"""

import argparse
import os
import time
from statistics import median

from benchmarks.viewers import Viewer, stage

WARM_UP = 3
IN_TIME_S = 5.0
AFTERWARDS_S = 180


def main() -> None:
    """Print memory along the way and the figures of all starts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visits", type=int, default=100)
    options = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()}")
    starts_s: list[float | None] = []
    with stage() as (server, chromium, clip):
        for number in range(WARM_UP + options.visits):
            if number == WARM_UP:
                before = server.usage()
                print(f"after {WARM_UP} visits to warm up: {before}")
            viewer = Viewer(chromium, clip, server.app.url)
            seconds = viewer.start()
            if number >= WARM_UP:
                starts_s.append(seconds)
            if number % 3 == 0:
                viewer.stop()
                viewer.page.get_by_text("Press START and allow the camera").wait_for()
            (viewer.kill if number % 3 == 2 else viewer.close)()
            if (number + 1 - WARM_UP) % 10 == 0:
                print(f"after {number + 1 - WARM_UP} visits: {server.usage()}", flush=True)
        time.sleep(AFTERWARDS_S)
        after = server.usage()
    played = [seconds for seconds in starts_s if seconds is not None]
    in_time = sum(seconds <= IN_TIME_S for seconds in played)
    print(f"{AFTERWARDS_S} s after the last: {after}")
    print(f"growth: {after.rss_mb - before.rss_mb:.0f} MB over {options.visits} visits")
    print(
        f"starts that played within {IN_TIME_S:.0f} s: {in_time} of {len(starts_s)}; never: "
        f"{len(starts_s) - len(played)}; median {median(played):.1f} s, longest {max(played):.1f} s"
    )
    print(f"load average at the end: {os.getloadavg()}")


if __name__ == "__main__":
    main()
