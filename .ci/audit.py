"""Fail if a locked dependency has a known vulnerability: `python .ci/audit.py requirements.lock`.

Where the advisory service cannot be asked, say so, and let pass: a build must not depend on a foreign machine.
"""

import json
import subprocess
import sys
from pathlib import Path

NOT_REACHED = ("Could not connect", "timed out", "Connection")


def main(lock_file: str) -> int:
    """Print what was found. Returns the exit code."""
    command = ["pip_audit", "--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json"]
    finished = subprocess.run(  # noqa: S603 -- our own arguments
        [sys.executable, "-m", *command, "-r", lock_file], check=False, capture_output=True, text=True
    )
    try:
        dependencies = json.loads(finished.stdout)["dependencies"]
    except ValueError:
        if any(sign in finished.stderr for sign in NOT_REACHED):
            return _tell(f"{lock_file}: not audited, since the advisory service cannot be reached.", 0)
        return _tell(f"{lock_file}: the audit failed.\n{finished.stderr}", 1)
    not_audited = [dependency["name"] for dependency in dependencies if "skip_reason" in dependency]
    found = [
        f"{dependency['name']} {dependency['version']}: {vulnerability['id']}, fixed in {vulnerability['fix_versions']}"
        for dependency in dependencies
        for vulnerability in dependency.get("vulns", [])
    ]
    if not_audited:
        _tell(f"{lock_file}: the advisory service does not answer for {len(not_audited)} of {len(dependencies)}.", 0)
    audited = len(dependencies) - len(not_audited)
    told = f"{lock_file}: {len(found)} known vulnerabilities in the {audited} that were looked up."
    return _tell("\n".join([told, *found]), 1 if found else 0)


def _tell(text: str, exit_code: int) -> int:
    sys.stdout.write(f"{text}\n")
    return exit_code


if __name__ == "__main__":
    if not Path(sys.argv[1]).exists():
        sys.exit(f"There is no {sys.argv[1]}.")
    sys.exit(main(sys.argv[1]))
