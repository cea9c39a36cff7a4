"""A network of its own for one browser, which can be taken down and brought back (Linux, root)."""

import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.conftest import CHROMIUM

NAME = "fer-soak"
OUTER, INNER = "fer-soak-0", "fer-soak-1"
SERVER_ADDRESS, VIEWER_ADDRESS = "10.231.7.1", "10.231.7.2"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True)


class Network:
    """A network namespace that reaches this machine at `SERVER_ADDRESS`.

    Attributes:
        program: Runs Chromium in it.
    """

    def __init__(self, folder: Path) -> None:
        self.program = folder / "chromium-there"
        self.program.write_text(f'#!/bin/sh\nexec ip netns exec {NAME} {CHROMIUM} "$@"\n')
        self.program.chmod(0o700)

    def drop(self, seconds: float) -> None:
        """Take the interface down for so long."""
        _ip("link", "set", OUTER, "down")
        time.sleep(seconds)
        _ip("link", "set", OUTER, "up")


@contextmanager
def own_network() -> Iterator[Network | None]:
    """The network; None if this machine does not allow one."""
    try:
        _ip("netns", "add", NAME)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"no network namespace here, so no loss of network: {error}")
        yield None
        return
    try:
        _ip("link", "add", OUTER, "type", "veth", "peer", "name", INNER, "netns", NAME)
        _ip("address", "add", f"{SERVER_ADDRESS}/30", "dev", OUTER)
        _ip("link", "set", OUTER, "up")
        _ip("-n", NAME, "link", "set", "lo", "up")
        _ip("-n", NAME, "address", "add", f"{VIEWER_ADDRESS}/30", "dev", INNER)
        _ip("-n", NAME, "link", "set", INNER, "up")
        with tempfile.TemporaryDirectory() as folder:
            yield Network(Path(folder))
    finally:
        _ip("netns", "delete", NAME)
