"""Checks that a server stays as it is while viewers come, go, crash and lose their network.

    python -m benchmarks.soak [--minutes N] [--seed N]

One viewer stays on this machine, and one more in a network namespace whose interface is taken
down for some seconds at a time; others come and go at random. After each event it is measured how
long the frames of those who stay take to move. Twice everybody leaves: after some minutes to warm
up, and in the end. Each time, once Streamlit has forgotten them, memory, threads and sockets are
read; they must be the same. The tasks of asyncio cannot be seen from outside; those of a connection
hold its sockets.
"""

import argparse
import os
import random
import sys
import time
from pathlib import Path

from playwright.sync_api import BrowserType, Error

from benchmarks.network_loss import SERVER_ADDRESS, Network, own_network
from benchmarks.viewers import Server, Usage, Viewer, stage

PASSING_AT_MOST = 2
PAUSE_S = 5.0
LOSS_S = 4.0, 8.0
FORGOTTEN_AFTER_S = 180.0
WARM_UP_SHARE = 0.2
MOST_GROWTH = 0.02
MOST_STILL_S = 5.0
POOLED_THREADS = (os.cpu_count() or 1) + 4 + 4
"""Threads that asyncio and libuv, which uvloop uses, keep once they have needed them."""

POOLED_SOCKETS = 2
"""Sockets that may be held longer than the viewers."""


class Soak:
    """The viewers of a server, and what is seen of it while they come and go."""

    def __init__(
        self, server: Server, chromium: BrowserType, clip: Path, network: Network | None
    ) -> None:
        """Start with nobody there."""
        self._server, self._chromium, self._clip, self._network = server, chromium, clip, network
        self.still_s: list[float] = []
        self.n_lost = 0
        self._passing: list[Viewer] = []
        self._staying: dict[str, Viewer] = {}

    def run(self, minutes: float, chance: random.Random) -> Usage:
        """Let viewers come, things happen and everybody leave; what the app takes afterwards."""
        end_s = time.monotonic() + minutes * 60
        self._enter()
        while time.monotonic() < end_s:
            print(self._step(chance), flush=True)
            time.sleep(PAUSE_S)
        self._leave()
        time.sleep(FORGOTTEN_AFTER_S)
        return self._server.usage()

    def _enter(self) -> None:
        """Let those who stay start."""
        self._staying = {"here": self._viewer()}
        if self._network is not None:
            url = f"http://{SERVER_ADDRESS}:{self._server.app.port}"
            secure = f"--unsafely-treat-insecure-origin-as-secure={url}"
            self._staying["in the network"] = Viewer(
                self._chromium, self._clip, url, secure, program=str(self._network.program)
            )
        for viewer in self._staying.values():
            viewer.start()

    def _viewer(self) -> Viewer:
        return Viewer(self._chromium, self._clip, self._server.app.url)

    def _step(self, chance: random.Random) -> str:
        """Let something happen and see how those who stay take it; what it was, in words."""
        events = ["join"] * (len(self._passing) < PASSING_AT_MOST)
        events += ["stop", "reload", "close the tab", "kill the browser"] * bool(self._passing)
        events += ["lose the network"] * (self._network is not None)
        event = chance.choice(events)
        self._let_happen(event, chance)
        moving = ", ".join(f"{name}: {self._moves(name)}" for name in self._staying)
        return f"{event}; moving again {moving}; {self._server.usage()}"

    def _let_happen(self, event: str, chance: random.Random) -> None:
        if event == "join":
            self._passing.append(self._viewer())
            self._passing[-1].start()
        elif event == "lose the network" and self._network is not None:
            self._network.drop(chance.uniform(*LOSS_S))
        else:
            viewer = self._passing.pop(chance.randrange(len(self._passing)))
            if event == "kill the browser":
                viewer.kill()
                return
            if event == "stop":
                viewer.stop()
            elif event == "reload":
                viewer.page.reload()
                viewer.start()
            viewer.close()

    def _moves(self, name: str) -> str:
        viewer = self._staying[name]
        seconds = viewer.seconds_until_moving()
        if seconds is None:
            self.n_lost += 1
            viewer.start()
            return "only after START"
        self.still_s.append(seconds)
        return f"after {seconds:.1f} s"

    def _leave(self) -> None:
        """Let everybody stop and go."""
        for viewer in [*self._passing, *self._staying.values()]:
            try:
                viewer.stop()
            except Error as error:
                print(f"a viewer could not stop: {error.message.splitlines()[0]}")
            viewer.close()
        self._passing, self._staying = [], {}


def verdict(soak: Soak, before: Usage, after: Usage, n_live: float) -> bool:
    """Print it; True if everything is as it must be."""
    grown, longest_s = after.rss_mb / before.rss_mb - 1, max(soak.still_s, default=float("inf"))
    threads, sockets = after.n_threads - before.n_threads, after.n_sockets - before.n_sockets
    lines = [
        (grown <= MOST_GROWTH, f"memory grew by {grown:.1%} since the warm-up"),
        (threads <= POOLED_THREADS, f"{threads:+d} threads after everybody had left"),
        (sockets <= POOLED_SOCKETS, f"{sockets:+d} sockets after everybody had left"),
        (n_live == 0, f"{n_live:.0f} live sessions after everybody had left"),
        (longest_s <= MOST_STILL_S, f"frames moved again after {longest_s:.1f} s at the longest"),
        (soak.n_lost == 0, f"{soak.n_lost} times only after another START"),
    ]
    for good, sentence in lines:
        print(f"{'good' if good else 'BAD ':4}  {sentence}")
    return all(good for good, _ in lines)


def main() -> None:
    """Print what happens and, in the end, the verdict."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"load average at the start: {os.getloadavg()}")
    # The network's viewer neither comes from this machine's own address nor asks for its name.
    everywhere = stage(STREAMLIT_SERVER_ADDRESS="0.0.0.0", STREAMLIT_SERVER_ALLOWED_HOSTS="*")
    with own_network() as network, everywhere as (server, chromium, clip):
        soak = Soak(server, chromium, clip, network)
        before = soak.run(options.minutes * WARM_UP_SHARE, chance)
        print(f"after the warm-up: {before}", flush=True)
        after = soak.run(options.minutes, chance)
        print(f"in the end: {after}")
        good = verdict(soak, before, after, server.counters()["fer_live_sessions"])
    print(f"load average at the end: {os.getloadavg()}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
