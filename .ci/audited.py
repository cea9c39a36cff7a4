"""Fail where a report of pip-audit names a known weakness; say how much it could look up."""

import json
import sys
from pathlib import Path

report = Path(sys.argv[1]).read_text(encoding="utf-8") or '{"dependencies": []}'
packages = json.loads(report)["dependencies"]
weak = {p["name"]: [v["id"] for v in p["vulns"]] for p in packages if p.get("vulns")}
n_known = sum("vulns" in package for package in packages)
sys.stdout.write(
    f"pip-audit looked up {n_known} of {len(packages)} packages: {weak or 'no'} weakness\n"
)
sys.exit(bool(weak))
