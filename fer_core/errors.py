"""What can go wrong that a caller can act on.

    FerError
    ├── ImageDecodeError    these bytes are not a photo that can be read
    ├── VideoDecodeError    these bytes are not a video that can be read
    ├── ModelError          a network's folder is missing, incomplete or unfit
    ├── DetectorError       a face detector's file is missing or unfit
    ├── DatasetError        training data are missing or malformed
    ├── UnknownRecipeError  there is no recipe of that name
    ├── TrainingError       a network cannot be trained as asked, here or by that recipe
    ├── InputError          there is no file to analyze where a command was pointed to
    ├── ClusterError        a Ray cluster cannot be reached, or its machines lack something
    ├── ExportError         a network cannot be turned into another format
    └── OutputError         a folder for results cannot be made or written to

Every message is one sentence that can be shown to a user as it is. Mistakes of the programmer
are `ValueError` or `TypeError` instead. A photo without a face is no error, but an empty list.
"""


class FerError(Exception):
    """Base of every error that fer_core raises on purpose."""


class ImageDecodeError(FerError):
    """The bytes are not a photo that can be read, or the photo is too large."""


class VideoDecodeError(FerError):
    """The bytes are not a video that can be read, or its pictures are too large."""


class ModelError(FerError):
    """A network's folder is missing, incomplete or does not fit this version."""


class DetectorError(FerError):
    """A face detector's file is missing or does not hold what it should."""


class DatasetError(FerError):
    """Training data are missing or malformed; the message names the file and the row."""


class UnknownRecipeError(FerError):
    """There is no training recipe of that name."""


class TrainingError(FerError):
    """This machine, what is installed on it or the recipe cannot train as it was asked to."""


class ClusterError(FerError):
    """A Ray cluster cannot be reached, or its machines lack something."""


class ExportError(FerError):
    """A network cannot be turned into another format, or answers differently in it."""


class OutputError(FerError):
    """A folder for results cannot be made or written to."""


class InputError(FerError):
    """There is no file to analyze where a command was pointed to."""
