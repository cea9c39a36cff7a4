"""Write the reference of the Python package from its docstrings: `python -m docs.reference FOLDER`.

Whatever pdoc warns of, such as a name that is not there, is an error.
"""

import os
import pkgutil
import sys
import warnings
from pathlib import Path

import pdoc

import fer_core

LEFT_OUT = ("__main__", "commands", "model_store")
"""The command line and a former name."""


def main(folder: Path) -> None:
    """Write pages for all but `LEFT_OUT` into a folder; packages show their public names."""
    for name in fer_core.__all__:  # those that load PyAV are there once they were asked for
        setattr(fer_core, name, getattr(fer_core, name))
    inside = [module.name for module in pkgutil.iter_modules(fer_core.__path__, "fer_core.")]
    shown = [name for name in inside if name.removeprefix("fer_core.") not in LEFT_OUT]
    os.environ["PDOC_ALLOW_EXEC"] = "1"  # Keras asks what machine it is on
    pdoc.render.configure(docformat="google", show_source=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        pdoc.pdoc("fer_core", *shown, output_directory=folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
