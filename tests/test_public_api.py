import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import fer_core

PACKAGE = Path(fer_core.__file__).parent


def test_every_public_name_is_there() -> None:
    assert sorted(fer_core.__all__) == fer_core.__all__
    for name in fer_core.__all__:
        assert getattr(fer_core, name) is not None


def test_nothing_else_is_public() -> None:
    others = {
        name
        for name, value in vars(fer_core).items()
        if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert others <= set(fer_core.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        fer_core.__getattr__("nothing")


@pytest.mark.parametrize("name", fer_core.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    doc = getattr(fer_core, name).__doc__
    # A dataclass without one gets its signature instead.
    assert doc
    assert not doc.startswith(f"{name}(")


# --- what importing does ---


def test_importing_fer_core_loads_nothing_heavy_and_says_nothing() -> None:
    program = (
        "import sys, fer_core\n"
        "heavy = {'tensorflow', 'keras', 'streamlit', 'matplotlib', 'ai_edge_litert', 'av'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
