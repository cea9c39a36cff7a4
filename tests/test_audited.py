"""The known weaknesses that the check accepts."""

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

SCRIPT = runpy.run_path(str(Path(__file__).resolve().parents[1] / ".ci" / "audited.py"))
KNOWN = {"name": "a", "version": "1", "vulns": []}
WEAK = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
UNKNOWN = {"name": "c", "skip_reason": "not on the index"}


@pytest.mark.parametrize(
    ("packages", "accepted", "status", "offline"),
    [
        pytest.param([KNOWN, UNKNOWN], [], 0, 0, id="no weakness"),
        pytest.param([KNOWN, WEAK], [], 1, 1, id="a weakness"),
        pytest.param([WEAK], ["PYSEC-1"], 1, 1, id="one of two accepted"),
        pytest.param([WEAK], ["PYSEC-1", "PYSEC-2"], 0, 0, id="both accepted"),
        pytest.param([UNKNOWN], [], 1, 0, id="nothing was looked up"),
        pytest.param(None, [], 1, 0, id="no report was made"),
    ],
)
def test_a_weakness_fails_and_so_does_not_having_asked(
    packages: Any, accepted: list[str], status: int, offline: int, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text("" if packages is None else json.dumps({"dependencies": packages}))
    SCRIPT["ACCEPTED"].clear()
    SCRIPT["ACCEPTED"].update(dict.fromkeys(accepted, "a reason"))
    assert SCRIPT["main"](report, may_be_offline=False) == status
    assert SCRIPT["main"](report, may_be_offline=True) == offline
