"""The delay from a camera's frame to the annotated one on the page, and the frames that come.

    python -m benchmarks.round_trip [--seconds N]

The viewer is a headless Chromium on this machine, 640x480, whose camera's frames carry their
number as black and white blocks. A second video in the page, which is not shown, plays the camera
itself; the delay of a frame is how much later the returned video presents its number. A number
that comes again, as the camera repeats one or the page sees it twice, counts as shown, not as new.
"""

import argparse
import os
import time
from itertools import pairwise

import numpy as np

from benchmarks.viewers import Viewer, stage
from tests.e2e.clip import BIT_PX, FPS, HEIGHT, N_BITS, N_FRAMES, WIDTH

SETTLING_S = 8
HALF_ROUND_MS = 500 * N_FRAMES / FPS

WATCH = """
(body, {WIDTH, HEIGHT, BIT_PX, N_BITS}) => {
  const window_ = body.ownerDocument.defaultView;
  const watch = (video, isMirrored, each) => {
    const canvas = body.ownerDocument.createElement("canvas");
    canvas.width = N_BITS; canvas.height = 1;
    const context = canvas.getContext("2d", {willReadFrequently: true});
    context.imageSmoothingEnabled = false;
    const next = now => {
      const unit = video.videoWidth / WIDTH, row = (HEIGHT - BIT_PX) * unit;
      const left = isMirrored ? video.videoWidth - N_BITS * BIT_PX * unit : 0;
      context.drawImage(
        video, left, row, N_BITS * BIT_PX * unit, BIT_PX * unit, 0, 0, N_BITS, 1);
      const pixels = context.getImageData(0, 0, N_BITS, 1).data;
      let number = 0;
      for (let bit = 0; bit < N_BITS; bit++) {
        const at = isMirrored ? N_BITS - 1 - bit : bit;
        if (pixels[4 * at] > 128) number |= 1 << bit;
      }
      each(number, now);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  };
  const seen = window_.seen = {taken: {}, shown: []};
  const devices = window_.navigator.mediaDevices, ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async constraints => {
    const stream = await ask(constraints);
    const video = body.ownerDocument.createElement("video");
    video.muted = true; video.srcObject = stream; await video.play();
    watch(video, false, (number, now) => { seen.taken[number] = now; });
    return stream;
  };
  window_.watchReturned = () => watch(
    body.querySelector("video"), true,
    (number, now) => seen.shown.push([number, now - (seen.taken[number] ?? NaN)]));
}
"""
CLIP = {"WIDTH": WIDTH, "HEIGHT": HEIGHT, "BIT_PX": BIT_PX, "N_BITS": N_BITS}


class TimedViewer(Viewer):
    """A viewer who notes when each frame was taken and when it came back."""

    def watch(self) -> bool:
        """Start the camera; True if frames come."""
        body = self._frame.locator("body")
        self.page.get_by_role("button", name="START", exact=True).wait_for()
        body.evaluate(WATCH, CLIP)
        if self.start() is None:
            return False
        body.evaluate("body => body.ownerDocument.defaultView.watchReturned()")
        return True

    def watched(self, seconds: float) -> tuple[int, list[float]]:
        """Number of frames shown in so many seconds, and the delay of each new one.

        The delay is longer than half a round of the clip where a frame was not seen to be taken.
        """
        body = self._frame.locator("body")
        body.evaluate("() => { window.seen.shown = []; }")
        time.sleep(seconds)
        shown = body.evaluate("() => window.seen.shown")
        return len(shown), [ms for (last, _), (number, ms) in pairwise(shown) if number != last]


def main() -> None:
    """Print the figures of one viewer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    options = parser.parse_args()
    print(f"load average at the start: {os.getloadavg()}")
    with stage() as (server, chromium, clip):
        viewer = TimedViewer(chromium, clip, server.app.url)
        if not viewer.watch():
            raise SystemExit("no frame came")
        time.sleep(SETTLING_S)
        used = server.usage()
        n_shown, new_ms = viewer.watched(options.seconds)
        processors = (server.usage().cpu_s - used.cpu_s) / options.seconds
        viewer.close()
    delays_ms = [ms for ms in new_ms if 0 < ms < HALF_ROUND_MS]
    middle, high = np.percentile(delays_ms, (50, 95))
    print(f"frames a second: {n_shown / options.seconds:.1f}")
    print(f"new ones a second: {len(new_ms) / options.seconds:.1f}")
    print(f"delay: median {middle:.0f} ms, 95 % {high:.0f} ms, of {len(delays_ms)} frames")
    print(f"processors that the app takes: {processors:.2f}")
    print(f"load average at the end: {os.getloadavg()}")


if __name__ == "__main__":
    main()
