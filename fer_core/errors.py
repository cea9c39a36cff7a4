"""Errors that a caller can act on.

    FerError
    ├── ImageDecodeError    these bytes are not a photo that can be read
    ├── VideoDecodeError    these bytes are not a video that can be read
    ├── ModelError          a model's folder is missing, incomplete or unfit
    ├── DetectorError       a face detector's file is missing or unfit
    ├── DatasetError        training data are missing or malformed
    ├── UnknownRecipeError  there is no recipe of that name
    ├── TrainingError       a model cannot be trained as asked, here or by that recipe
    ├── InputError          there is no file to analyze where a command was pointed to
    ├── ClusterError        a Ray cluster cannot be reached, or its machines lack something
    ├── ExportError         a model cannot be turned into another format
    └── OutputError         a folder for results cannot be made or written to

Every message is one sentence that can be shown to a user as it is. Mistakes of the programmer
are `ValueError` or `TypeError` instead. A photo without a face is no error, but an empty list.
"""


class FerError(Exception):
    """Base of every error that fer_core raises on purpose."""


class ImageDecodeError(FerError):
    """The bytes are not a photo that can be read, or the photo is too large."""


class VideoDecodeError(FerError):
    """The bytes are not a video that can be read, or its frames are too large."""


class ModelError(FerError):
    """A model's folder is missing, incomplete or does not fit this version."""


class DetectorError(FerError):
    """A face detector's file is missing or does not hold what it should."""


class DatasetError(FerError):
    """Training data are missing or malformed; the message names the file and the row."""


class UnknownRecipeError(FerError):
    """There is no training recipe of that name."""


class TrainingError(FerError):
    """The machine, its packages or the recipe cannot train as asked."""


class ClusterError(FerError):
    """A Ray cluster cannot be reached, or its machines lack something."""


class ExportError(FerError):
    """A model cannot be turned into another format, or predicts something else in it."""


class OutputError(FerError):
    """A folder for results cannot be made or written to."""


class InputError(FerError):
    """There is no file to analyze where a command was pointed to."""


def first_line(error: Exception) -> str:
    """The message of a library's error, short enough for a sentence; its class if it has none."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
