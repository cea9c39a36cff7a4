"""The faces of one photo, as a sequence that can be shown, drawn and put into a table."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from fer_core.drawing import caption, draw_faces
from fer_core.errors import FerError
from fer_core.faces import FaceEmotion
from fer_core.image_input import Color, ImageInput, KeptImage, to_rgb
from fer_core.images import RgbImage, encode_png, scale_to_fit
from fer_core.reports.rows import PhotoReport, PredictionSource, Row, rows
from fer_core.reports.tables import to_frame
from fer_core.words import counted

if TYPE_CHECKING:
    import pandas as pd

MAX_SHOWN_PX = 1024
"""Longest side of the photo that a notebook shows."""

MAX_NAMED = 3
"""A repr names so many faces."""


class PhotoFaces(Sequence[FaceEmotion]):
    """The faces of one photo, row by row, in each from the left; equal to a list of the same faces.

    It travels: a pickled one keeps the faces and all that a table says of them, but not the pixels
    of an image that was given as an array or a PIL image. Such an array is kept, not copied: draw
    before it changes.

    Attributes:
        file: The path of the photo, as it was given; None if none was.
        size_wh: Width and height of the upright photo that the boxes refer to.
        problem: The sentence that says what of the photo could not be read; empty if all could.
    """

    def __init__(
        self,
        faces: Sequence[FaceEmotion],
        size_wh: tuple[int, int],
        source: PredictionSource,
        image: KeptImage | None = None,
        problem: str = "",
    ) -> None:
        """Join the faces and what they were found in.

        Args:
            faces: Row by row, in each from the left.
            size_wh: Width and height of the photo.
            source: The model and the detector.
            image: The photo: its path, its content or its pixels.
            problem: The part of the photo that could not be read, in a sentence.
        """
        self._faces = tuple(faces)
        self._source = source
        self._image = image
        self.file = str(image) if isinstance(image, Path) else None
        self.size_wh = size_wh
        self.problem = problem

    def to_dict(self) -> list[Row]:
        """A dict for each face, with the columns of the command line's tables."""
        report = PhotoReport(self.file or "", self.size_wh, self._faces, self.problem)
        return list(rows(report, self._source)) if self else []

    def to_pandas(self) -> "pd.DataFrame":
        """A table with a row for each face and the columns of the command line's tables.

        Raises:
            ImportError: pandas is not installed.
        """
        return to_frame(self.to_dict(), self._source.labels)

    def draw(
        self,
        image: ImageInput | None = None,
        *,
        show_probabilities: bool = False,
        color: Color = "rgb",
    ) -> RgbImage:
        """A copy of the photo with each face's box and label; see `draw_faces`.

        Args:
            image: The photo where it did not travel with the faces; None for the one in which they
                were found.
            show_probabilities: Also draw a bar for each emotion beside the box.
            color: Order of the image's colors if it is an array, as for `analyze`.

        Raises:
            ValueError: There is no photo to draw on, or it has another size.
        """
        photo = self._image if image is None else image
        if photo is None:
            raise ValueError(
                "The pixels of an array do not travel with its pickled faces. "
                "Expected the photo, as in draw(image). Received: None"
            )
        pixels = to_rgb(photo, "rgb" if image is None else color)
        if (pixels.shape[1], pixels.shape[0]) != self.size_wh:
            raise ValueError(
                f"Expected the photo of {self.size_wh[0]}x{self.size_wh[1]} in which the faces "
                f"were found. Received: one of {pixels.shape[1]}x{pixels.shape[0]}"
            )
        return draw_faces(pixels, self, show_probabilities=show_probabilities)

    def __len__(self) -> int:
        return len(self._faces)

    @overload
    def __getitem__(self, index: int) -> FaceEmotion: ...

    @overload
    def __getitem__(self, index: slice) -> list[FaceEmotion]: ...

    def __getitem__(self, index: int | slice) -> FaceEmotion | list[FaceEmotion]:
        return list(self._faces[index]) if isinstance(index, slice) else self._faces[index]

    def __iter__(self) -> Iterator[FaceEmotion]:
        return iter(self._faces)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PhotoFaces | list | tuple):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        n = len(self)
        named = ", ".join(map(caption, self._faces[:MAX_NAMED]))
        faces = counted(n, "face") + (f": {named}" if named else "")
        where = self.file or "{}x{}".format(*self.size_wh)
        return f"<{where}: {faces}{', …' if n > MAX_NAMED else ''}>"

    def _repr_png_(self) -> bytes | None:
        """Return the annotated photo for notebooks, which call this."""
        if self._image is None:
            return None
        try:
            return encode_png(scale_to_fit(self.draw(), MAX_SHOWN_PX))
        except (OSError, FerError, ValueError):  # its file is gone, or another one by now
            return None

    def __copy__(self) -> "PhotoFaces":
        """Keep the pixels, which a pickled one leaves behind."""
        copied = object.__new__(PhotoFaces)
        copied.__dict__.update(self.__dict__)
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> "PhotoFaces":
        """Share the pixels and the faces, which nobody changes."""
        return self.__copy__()

    def __getstate__(self) -> dict[str, Any]:
        pixels = isinstance(self._image, np.ndarray)
        return self.__dict__ | ({"_image": None} if pixels else {})
