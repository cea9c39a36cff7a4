"""Lists of files that nobody notices to be incomplete until the app is shipped."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

APP = sorted(path.name for path in ROOT.glob("*.py"))
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))


@pytest.mark.parametrize(
    "name", [*APP, "fer_core", "parts", "serving", "pages", "models", ".streamlit"]
)
def test_the_image_holds_every_part_of_the_app(name: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    copied = {
        word
        for sources in re.findall(r"^COPY (.*) \S+$", dockerfile, re.MULTILINE)
        for word in sources.split()
    }
    assert name in copied
    assert f"!{name}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("name", [*APP, *PACKAGES, "pages"])
def test_every_type_is_checked(name: str) -> None:
    assert name in PYPROJECT["tool"]["mypy"]["files"]


def test_every_package_of_the_core_is_installed() -> None:
    packages = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "fer_core").rglob("__init__.py")
    }
    assert packages == set(PYPROJECT["tool"]["setuptools"]["packages"])


def pins(file: str) -> set[str]:
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return {line.removesuffix(" \\") for line in lines if "==" in line}


def test_the_image_installs_what_everybody_does_but_tensorflow() -> None:
    serve = set(PYPROJECT["dependency-groups"]["serve"])
    assert serve == set(PYPROJECT["project"]["dependencies"]) - {"tensorflow"}
    assert pins("requirements-serve.txt") < pins("requirements.txt")
    assert not [pin for pin in pins("requirements-serve.txt") if re.match("tensorflow|keras", pin)]


def test_every_package_in_the_image_has_hashes() -> None:
    text = (ROOT / "requirements-serve.txt").read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) == len(pins("requirements-serve.txt"))
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("requirements", ["requirements-serve.txt", "requirements.txt"])
def test_both_variants_of_the_image_find_their_requirements(requirements: str) -> None:
    assert f"!{requirements}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        pytest.param(None, 0, "0 of 0 packages: no weakness", id="no-index-no-report"),
        pytest.param([{"name": "a", "skip_reason": "?"}], 0, "0 of 1", id="unknown-to-the-index"),
        pytest.param([{"name": "a", "vulns": []}], 0, "1 of 1 packages: no", id="nothing-known"),
        pytest.param(
            [{"name": "a", "vulns": [{"id": "PYSEC-1"}]}, {"name": "b", "skip_reason": "?"}],
            1,
            "1 of 2 packages: {'a': ['PYSEC-1']}",
            id="a-known-weakness",
        ),
    ],
)
def test_a_known_weakness_fails_and_an_index_that_knows_none_is_named(
    tmp_path: Path, packages: list[dict[str, Any]] | None, code: int, said: str
) -> None:
    report = tmp_path / "report.json"
    report.write_text("" if packages is None else json.dumps({"dependencies": packages}))
    command = [sys.executable, ".ci/audited.py", str(report)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
