"""Modules that other systems than Linux lack are imported in use alone, with a way round."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.faces import astronaut

ROOT = Path(__file__).resolve().parents[1]

POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "readline", "resource", "syslog", "termios", "tty"}
"""Modules of the standard library that Windows does not have."""

SHIPPED = ("fer_core", "webapp", "pages", "app.py", "serve.py")
SOURCES = sorted(
    path
    for name in SHIPPED
    for path in ((ROOT / name).rglob("*.py") if (ROOT / name).is_dir() else [ROOT / name])
    if path.is_file()
)


def imported_at_once(path: Path) -> set[str]:
    """The modules that a file imports when it is imported itself and cannot do without.

    So not those in a function, in a `try` that provides for their absence, or behind a question
    for the platform, which the type checker understands too.
    """
    names: set[str] = set()
    left: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while left:
        node = left.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
        elif isinstance(node, ast.If) and "sys.platform" in ast.unparse(node.test):
            left.extend(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Try):
            left.extend(ast.iter_child_nodes(node))
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_needs_what_only_posix_has(path: Path) -> None:
    assert not imported_at_once(path) & POSIX_ONLY


WITHOUT = f"""
import runpy, sys
for name in {sorted(POSIX_ONLY)}:
    sys.modules[name] = None  # importing it fails
sys.argv = ["fer_core", *sys.argv[1:]]
runpy.run_module("fer_core", run_name="__main__", alter_sys=True)
"""


def test_predict_writes_its_table_and_goes_on_without_them(tmp_path: Path) -> None:
    photo, table = tmp_path / "a.png", tmp_path / "faces.csv"
    Image.fromarray(np.asarray(astronaut())).save(photo)
    command = [sys.executable, "-c", WITHOUT, "predict", str(photo), "--csv", str(table)]
    for more in ([], ["--resume"]):
        done = subprocess.run([*command, *more], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    assert table.read_text(encoding="utf-8-sig").count('"happy"') == 2  # its column, and one face
