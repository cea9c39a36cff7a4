"""The page that sets this package beside others says what its benchmark counts."""

import ast
import re
from pathlib import Path

import pytest

from benchmarks.comparison import PACKAGES

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "comparison.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PACKAGES)
def test_the_page_has_the_lines_of_each_job(name: str) -> None:
    (cells,) = re.findall(rf"^\| `{name}`[^|]*\|(.*)\|$", PAGE, re.MULTILINE)
    lines = tuple(int(cell) for cell in cells.split("|")[:3])
    assert lines == PACKAGES[name].n_lines()


@pytest.mark.parametrize("name", PACKAGES)
def test_each_job_is_a_program_or_a_command(name: str) -> None:
    jobs = PACKAGES[name]
    for text in (jobs.photo, jobs.folder, jobs.video):
        if not text.strip().startswith("fer-core "):
            ast.parse(text)
