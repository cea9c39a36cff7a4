"""The photos of a visit: the files, their results and the work on them."""

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import fer_core
from fer_core.jobs import Ahead, Job
from fer_core.reports.rows import NO_FACE, PhotoReport
from webapp.jobs import elsewhere, finished
from webapp.monitoring.activity import Activity
from webapp.serving import uploaded
from webapp.serving.turns import Visitor, WorkError
from webapp.visits.photo_results import (
    FoundFace,
    Photo,
    Result,
    analyze,
    annotated_png,
    explain,
    found_faces,
    zip_of,
)

MOST_BYTES = 200_000_000
"""Most bytes of photos that a visit keeps: as much as one upload may have."""

LOOK_S = 0.02
"""Time after which a wait for a result looks again."""

MOST_REFUSED, LONGEST_NAME = 500, 255
"""Files that are remembered for a reason, and letters of their names: a client may send any."""


class PhotoVisit:
    """One viewer's photos, from their upload until "Clear all" or the end of the visit.

    Attributes:
        photos: In the order in which they came.
        results: By the photos' keys, as far as they were analyzed.
        job: The work on them, None before the first photo.
        refused: Why files were refused before they came, and their names.
        n_left: Number of photos that had to leave, since more would not have fitted.
        n_uploads: Number of uploads, each of an uploader of its own.
        whys: Images that explain a face, and by how much its probability falls, by its key.
        why_not: The reason why the last such image could not be made; empty if it could.
        whole_image: True if each photo is a face that was cut out already.
        opened: Keys of the faces of which all bars are shown.
    """

    def __init__(self, visitor: Visitor) -> None:
        """Start without a photo.

        Args:
            visitor: The person, for the queue.
        """
        self._visitor = visitor
        self.photos: list[Photo] = []
        self.results: dict[str, Result] = {}
        self.job: Job | None = None
        self.refused: dict[str, list[str]] = {}
        self.n_left = 0
        self.n_uploads = 0
        self.whys: dict[str, tuple[bytes, float]] = {}
        self.why_not = ""
        self.opened: set[str] = set()
        self.whole_image = False
        self._read_with: tuple[Path, bool] | None = None

    @property
    def is_working(self) -> bool:
        """True while photos are being analyzed."""
        return self.job is not None and not self.job.status.ended

    @property
    def waiting(self) -> list[Photo]:
        """The photos without a result."""
        return [photo for photo in self.photos if photo.key not in self.results]

    @property
    def done(self) -> list[Photo]:
        """The photos with a result, in their order."""
        return [photo for photo in self.photos if photo.key in self.results]

    @property
    def readable(self) -> list[Photo]:
        """The photos of which there is something to show."""
        return [p for p in self.done if self.results[p.key].annotated is not None]

    @property
    def problems(self) -> dict[tuple[bool, str], list[str]]:
        """The names of photos, by whether they were read all the same and what is amiss."""
        found: dict[tuple[bool, str], list[str]] = {}
        for problem, names in self.refused.items():
            found[False, problem] = list(names)
        for photo in self.done:
            report = self.results[photo.key].report
            if report.problem not in ("", NO_FACE):
                found.setdefault((report.size_wh is not None, report.problem), []).append(
                    photo.name
                )
        return found

    @property
    def faces(self) -> list[FoundFace]:
        """All faces found so far, photo by photo."""
        return [face for p in self.readable for face in found_faces(p, self.results[p.key])]

    def add(self, photos: Iterable[Photo]) -> None:
        """Take further photos; where they are too many, the oldest ones leave."""
        known = {photo.key for photo in self.photos}
        self.photos += [photo for photo in photos if photo.key not in known]
        while len(self.photos) > 1 and sum(len(p.data) for p in self.photos) > MOST_BYTES:
            leaving = self.photos.pop(0)
            self.results.pop(leaving.key, None)
            uploaded.forget([leaving.key])
            self.n_left += 1

    def refuse(self, names: Iterable[str], why: str) -> None:
        """Remember files that the browser did not send: at most `MOST_REFUSED` a reason."""
        known = self.refused.get(why, [])
        found = [*known, *(str(name)[:LONGEST_NAME] for name in names)][:MOST_REFUSED]
        if found:
            self.refused[why] = found

    def analyze(
        self,
        model: Path,
        analyzer: fer_core.EmotionAnalyzer,
        activity: Activity,
        shown_wh: tuple[int, int],
    ) -> None:
        """Begin with what has no result of this model, unless that is being done already."""
        whole_image = self.whole_image
        if (model, whole_image) != self._read_with:
            self._end_job()
            self._read_with, self.results, self.whys = (model, whole_image), {}, {}
        if not self.waiting or self.is_working:
            return
        results, waiting = self.results, self.waiting
        work = partial(analyze, whole_image=whole_image)

        def steps() -> Generator[float | Ahead]:
            for number, photo in enumerate(waiting, 1):
                start_s = time.monotonic()
                try:
                    result = yield from elsewhere(
                        self._visitor, work, analyzer, photo, shown_wh, is_large=photo.is_large
                    )
                except WorkError as error:  # it took too much, or crashed: the others are read
                    result = Result(PhotoReport(photo.name, problem=str(error)))
                results[photo.key] = result
                if result.annotated is None:
                    activity.failed(fer_core.ImageDecodeError)
                else:
                    activity.photo(result.report.n_faces, time.monotonic() - start_s)
                yield number / len(waiting)

        self.job = Job(steps)

    def wait_for_first(self, seconds: float) -> None:
        """Wait so long for the first result, or until all are there; not while others come before.

        Args:
            seconds: The longest wait.
        """
        until_s = time.monotonic() + seconds
        while (
            self.job is not None
            and not self.job.status.ended
            and not self.job.status.n_ahead
            and (not self.results or not self.waiting)
            and time.monotonic() < until_s
        ):
            time.sleep(LOOK_S)

    def stop(self) -> None:
        """End the work and forget the photos without a result, the one that is analyzed too."""
        self._end_job()
        uploaded.forget(photo.key for photo in self.waiting)
        self.photos = self.done

    def clear(self) -> None:
        """End the work and let go of all photos."""
        self.stop()
        uploaded.forget(photo.key for photo in self.photos)
        self.photos, self.results, self.whys = [], {}, {}

    def _end_job(self) -> None:
        if self.job is not None:
            self.job.cancel()
            self.job = None

    def explain(self, analyzer: fer_core.EmotionAnalyzer, key: str) -> None:
        """Show why the face of a key got its label, or no more."""
        self.why_not = ""
        found = next((face for face in self.faces if face.key == key), None)
        if self.whys.pop(key, None) is None and found is not None:
            try:
                self.whys[key] = finished(elsewhere(self._visitor, explain, analyzer, found))
            except fer_core.FerError as error:
                self.why_not = str(error)

    def annotated_zip(self, photos: Iterable[Photo]) -> bytes:
        """Photos with labels, in one archive; one that takes too much is left out."""
        return zip_of(self._annotated(photos))

    def _annotated(self, photos: Iterable[Photo]) -> Iterator[tuple[Photo, bytes]]:
        for photo in photos:
            faces = self.results[photo.key].report.faces
            with suppress(fer_core.FerError):
                work = elsewhere(self._visitor, annotated_png, photo, faces)
                yield photo, finished(work)

    def open(self, key: str) -> None:
        """Show all bars of the face of a key, or the highest ones again."""
        self.opened ^= {key}
