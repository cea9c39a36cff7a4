import subprocess
import sys
from typing import Any

import pytest

from fer_core.__main__ import main
from fer_core.commands.app import app_file


def test_the_app_lies_beside_the_package_in_the_repository() -> None:
    assert app_file().is_file()


@pytest.mark.parametrize(
    ("given", "passed_on"),
    [
        ([], []),
        (["--port", "8600"], ["--server.port=8600"]),
        (["--address", "0.0.0.0"], ["--server.address=0.0.0.0"]),
    ],
)
def test_the_app_is_run_by_streamlit(
    given: list[str], passed_on: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def run(arguments: list[str], **_: Any) -> None:
        calls.append(arguments)

    monkeypatch.setattr("streamlit.web.cli.main", run)
    assert main(["app", *given]) == 0
    assert calls == [["run", str(app_file()), *passed_on]]


@pytest.mark.parametrize(
    ("command", "missing", "extra"),
    [("app", "streamlit", "app"), ("recipes", "keras", "train")],
)
def test_a_missing_need_is_a_sentence_that_names_the_extra(
    command: str, missing: str, extra: str
) -> None:
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        f"from fer_core.__main__ import main; sys.exit(main([{command!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    said = f'This needs {missing}: install fer-core with its extra "{extra}".\n'
    assert (done.returncode, done.stderr) == (2, said)
