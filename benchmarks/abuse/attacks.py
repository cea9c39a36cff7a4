"""The attacks, each a function that goes on until a time, and the process that plays one."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException

from benchmarks.abuse import hostile
from tests.e2e.visitor import Visitor

ATTACKERS = 8

ADDRESS = "127.0.0.2"
"""All attackers have this one, which is not the visitor's."""

MB = 2**20

REFUSED = (OSError, TimeoutError, WebSocketException, AssertionError)
"""Ways in which a server may refuse a visit, or be too busy for it."""

Attack = Callable[[str, float], int]
"""Goes on at a URL until a time of `time.monotonic`; returns how often it came to pass."""


@contextmanager
def under_attack(name: str, url: str, seconds: float) -> Iterator[None]:
    """Attack the app from a process of its own, which leaves most of the processors to the server.

    In life attackers have machines of their own. What they did is printed; it is a mistake of the
    attack if that is nothing.
    """
    spawn = get_context("spawn")
    ready = spawn.Event()
    process = spawn.Process(target=_play, args=(name, url, seconds, ready))
    process.start()
    while not ready.wait(1) and process.is_alive():
        pass
    try:
        yield
    finally:
        process.join()
        if process.exitcode:
            raise RuntimeError(f"{name} was not played.")


def _play(name: str, url: str, seconds: float, ready: Event) -> None:
    os.nice(10)
    attack = ATTACKS[name]
    if isinstance(attack, partial) and "file" in attack.keywords:
        attack.keywords["file"]()  # it is made once, before anybody looks at the time
    until_s = time.monotonic() + seconds
    with ThreadPoolExecutor(ATTACKERS) as threads:
        done = [threads.submit(attack, url, until_s) for _ in range(ATTACKERS)]
        ready.set()
    n_done = sum(each.result() for each in done)
    if not n_done:
        raise RuntimeError("Nothing of the attack came to pass.")
    print(f"{name:30} done {n_done} times", flush=True)


def attacker(url: str) -> Visitor:
    """A visit from the attackers' address."""
    return Visitor(url, ADDRESS)


def send_much(url: str, until_s: float, n_mb: int, name: str) -> int:
    """Files of this size, one after another."""
    n_done = 0
    with closing(attacker(url)) as visitor:
        visitor.run()
        while time.monotonic() < until_s:
            with suppress(OSError):  # a server may refuse in the middle
                visitor.upload(bytes(n_mb * MB), name)
            n_done += 1
    return n_done


def send_uninvited(url: str, until_s: float) -> int:
    """Files from visits whose page never ran."""
    n_done = 0
    with closing(attacker(url)) as visitor:
        visitor.id = "00000000-0000-4000-8000-000000000000"
        while time.monotonic() < until_s:
            with suppress(OSError):
                visitor.upload(bytes(20 * MB))
            n_done += 1
    return n_done


def stall(url: str, until_s: float) -> int:
    """Uploads and heads that begin and stand still."""
    n_done, address = 0, urlsplit(url)
    with closing(attacker(url)) as visitor, ExitStack() as held:
        visitor.run()
        heads = (
            f"PUT /_stcore/upload_file/{visitor.id}/1 HTTP/1.1\r\nHost: {address.netloc}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 1000000\r\n"
            "Cookie: _streamlit_xsrf=a\r\nX-Xsrftoken: a\r\n\r\n--x\r\n",
            "GET / HTTP/1.1\r\nX-",
        )
        for number in range(40):
            with suppress(OSError):  # a server may refuse
                held.enter_context(_connected(url)).sendall(heads[number % 2].encode())
                n_done += 1
        _wait(until_s)
    return n_done


def clear_caches(url: str, until_s: float) -> int:
    """The front end's message "clear cache", without end."""
    n_done = 0
    with closing(attacker(url)) as visitor:
        visitor.run()
        while time.monotonic() < until_s:
            with suppress(ConnectionClosed):  # a server may end such a visit
                visitor.send(clear_cache=True)
                n_done += 1
            _wait(min(until_s, time.monotonic() + 0.01))
    return n_done


def visit_and_stay(url: str, until_s: float) -> int:
    """Visits that run their page once and stay open."""
    n_done = 0
    with ExitStack() as held:
        for _ in range(20):
            with suppress(*REFUSED):
                held.enter_context(closing(attacker(url))).run()
                n_done += 1
        _wait(until_s)
    return n_done


def visit_and_leave(url: str, until_s: float, file: Callable[[], bytes]) -> int:
    """A photo from one visit after another, each of which is left at once."""
    n_done = 0
    while time.monotonic() < until_s:
        with suppress(*REFUSED), closing(attacker(url)) as visitor:
            n_done += visitor.submit("photos", file(), "photo.png")
    return n_done


def have_read(
    url: str, until_s: float, page: str, file: Callable[[], bytes], name: str, done: bytes
) -> int:
    """The same file read by a page again and again, each time in another visit."""
    n_done = 0
    while time.monotonic() < until_s:
        with suppress(*REFUSED), closing(attacker(url)) as visitor:
            n_done += visitor.submit(page, file(), name)
            visitor.until(done, until_s - time.monotonic())
    return n_done


def have_written(url: str, until_s: float, file: Callable[[], bytes]) -> int:
    """Videos with labels, each asked for as soon as the video is analyzed."""
    n_done = 0
    with suppress(*REFUSED), closing(attacker(url)) as visitor:
        n_done += visitor.submit("videos", file(), "long.mp4")
        visitor.press("Create video with labels", until_s - time.monotonic())
        _wait(until_s)
    return n_done


def _connected(url: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(url).port or 80), 60, (ADDRESS, 0))


def _wait(until_s: float) -> None:
    threading.Event().wait(max(0.0, until_s - time.monotonic()))


def _photos(file: Callable[[], bytes], name: str) -> Attack:
    return partial(have_read, page="photos", file=file, name=name, done=b"photo, ")


def _videos(file: Callable[[], bytes], name: str) -> Attack:
    return partial(have_read, page="videos", file=file, name=name, done=b"This video cannot")


ATTACKS: dict[str, Attack] = {
    "videos of 60 MB": partial(send_much, n_mb=60, name="much.mp4"),
    "videos of 199 MB": partial(send_much, n_mb=199, name="much.mp4"),
    "a photo of 100 MB": partial(send_much, n_mb=100, name="much.jpg"),
    "files before the page": send_uninvited,
    "uploads and heads that stall": stall,
    "JPEG of 3,000 scans": _photos(hostile.scans, "scans.jpg"),
    "PNG of a million chunks": _photos(hostile.parts, "parts.png"),
    "photos of 78 megapixels": _photos(hostile.heavy, "heavy.jpg"),
    "a photo a visit": partial(visit_and_leave, file=hostile.flat),
    "MP4 of 10,000 edits": _videos(hostile.edits, "edits.mp4"),
    "2,000 frames in two seconds": _videos(hostile.crowded, "crowded.mkv"),
    "H.264 of 8192x4320": _videos(hostile.wide, "wide.mp4"),
    "videos with labels": partial(have_written, file=hostile.long),
    '"clear cache"': clear_caches,
    "visits that stay": visit_and_stay,
}
