"""Fail where a report of pip-audit names a weakness that is not accepted, or names nothing at all.

    python .ci/audited.py REPORT [--may-be-offline]

With `--may-be-offline`, as for an index that knows of no weaknesses, a report that could not be
made, or in which no package was looked up, is only said.
"""

import json
import sys
from pathlib import Path

ACCEPTED: dict[str, str] = {}
"""Ids of weaknesses that may stay, each with the reason."""


def main(report: Path, *, may_be_offline: bool) -> int:
    """Read a report; returns the exit status."""
    content = report.read_text(encoding="utf-8") or '{"dependencies": []}'
    packages = json.loads(content)["dependencies"]
    found = [(p["name"], weakness["id"]) for p in packages for weakness in p.get("vulns", ())]
    weak = [f"{name} ({number})" for name, number in found if number not in ACCEPTED]
    n_known = sum("vulns" in package for package in packages)
    sys.stdout.write(
        f"pip-audit looked up {n_known} of {len(packages)} packages: "
        f"{', '.join(weak) or 'no weakness'}\n"
    )
    return int(bool(weak) or not (n_known or may_be_offline))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), may_be_offline="--may-be-offline" in sys.argv[2:]))
