"""The number of live viewers whom one process serves before their frames come too slowly.

    python -m benchmarks.load [--most N] [--seconds N] [--plain MS]

Viewers at 640x480 join one by one, each in a headless Chromium of its own on this machine, until
the slowest one's frames, which its page counts, or the rate of annotated frames, which the app
counts, falls below 15 a second. The browsers take more of the processors than the app does, so look
at the app's own seconds, too. In the end the app is told to stop, as by `docker stop`, while all of
them are live. With `--plain` the same browsers are served by streamlit-webrtc alone, whose callback
takes so many milliseconds: how much of it all is not this app's.
"""

import argparse
import os
import time
from statistics import median

from benchmarks.viewers import Server, Viewer, stage

TOO_SLOW = 15
SETTLING_S = 5


def _print_row(viewers: list[Viewer], server: Server, seconds: float, *, plain: bool) -> float:
    """Measure for a while and print a row.

    Returns:
        The slowest viewer's frames a second, or those annotated for each if these are fewer.
    """
    shown = [viewer.n_frames() for viewer in viewers]
    counted, used = {} if plain else server.counters(), server.usage()
    start_s = time.monotonic()
    time.sleep(seconds)
    rates = [
        max(0, viewer.n_frames() - before) / (time.monotonic() - start_s)
        for viewer, before in zip(viewers, shown, strict=True)
    ]
    elapsed_s = time.monotonic() - start_s
    after, usage = {} if plain else server.counters(), server.usage()
    done, dropped = (
        (after[name] - counted[name]) / elapsed_s if after else float("nan")
        for name in ("fer_live_frames_total", "fer_live_frames_dropped_total")
    )
    processors = (usage.cpu_s - used.cpu_s) / elapsed_s
    print(
        f"{len(viewers):7} {min(rates):8.1f} {median(rates):7.1f} "
        f"{done / len(viewers):14.1f} {dropped / max(1, done + dropped):8.0%} "
        f"{processors:10.2f} {usage.rss_mb:9.0f}",
        flush=True,
    )
    return min(rates) if plain else min(*rates, done / len(viewers))


def main() -> None:
    """Print a row for each number of viewers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=20, help="viewers at most")
    parser.add_argument("--seconds", type=int, default=20, help="how long each row is measured")
    parser.add_argument("--plain", type=float, metavar="MS", help="streamlit-webrtc alone")
    options = parser.parse_args()
    plain = options.plain is not None
    print(f"load average at the start: {os.getloadavg()}")
    print("viewers  slowest  median      annotated  dropped   app's      MB")
    print("         frames a second     a second each         processors")
    environ = {"script": "benchmarks/plain_page.py", "CALLBACK_MS": str(options.plain)}
    with stage(**environ if plain else {}) as (server, chromium, clip):
        viewers: list[Viewer] = []
        while len(viewers) < options.most:
            viewers.append(Viewer(chromium, clip, server.app.url))
            if viewers[-1].start() is None:
                print(f"viewer {len(viewers)} got no frame")
                break
            time.sleep(SETTLING_S)
            if _print_row(viewers, server, options.seconds, plain=plain) < TOO_SLOW:
                break
        start_s = time.monotonic()
        server.app.stop()
        print(f"stopped with all of them live in {time.monotonic() - start_s:.1f} s")
        for viewer in viewers:
            viewer.close()
    print(f"load average at the end: {os.getloadavg()}")


if __name__ == "__main__":
    main()
