#!/usr/bin/env bash
# Looks up every installed run-time dependency in the public advisory databases (PyPI's and npm's own).
#
#   .ci/audit.sh            fails when one has a known vulnerability; says so, and passes, where no database answers
#   STRICT=1 .ci/audit.sh   also fails where no database answers (what CI runs)
#
# pip-audit lives in an environment of its own, so that it is not audited with what Hunch needs. What is looked at is
# the set of versions that a fresh `pip install .` of this checkout resolves to in the development environment.
set -euo pipefail
cd "$(dirname "$0")/.."

python="${PYTHON:-python3}"
environment="${VENV:-.venv}"
cache="${HUNCH_TEST_CACHE:-$HOME/.cache/hunch-test}/pip-audit"
wanted="$(mktemp)"
report="$(mktemp)"
trap 'rm -f "$wanted" "$report"' EXIT

[ -x "$cache/bin/pip-audit" ] || { "$python" -m venv "$cache" && "$cache/bin/python" -m pip install -q "pip-audit>=2.7"; }

# Our own dependencies with everything below them: neither development tools nor what else is installed there.
"$environment/bin/python" - >"$wanted" <<'PYTHON'
import re
from importlib.metadata import PackageNotFoundError, distribution

seen: dict[str, str] = {}
waiting = ["hunch-ls"]
while waiting:
    name = waiting.pop()
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        continue
    try:
        found = distribution(name)
    except PackageNotFoundError:  # for another system or Python
        continue
    seen[key] = found.version
    for line in found.requires or []:
        if "extra ==" not in line:
            waiting.append(re.split(r"[\s;<>=!~\[(]", line, maxsplit=1)[0])
del seen["hunch-ls"]
print("\n".join(f"{name}=={version}" for name, version in sorted(seen.items())))
PYTHON

echo "auditing $(wc -l <"$wanted") packages" >&2
status=0
"$cache/bin/pip-audit" --disable-pip --no-deps --progress-spinner off -r "$wanted" >"$report" 2>&1 || status=$?
cat "$report"
# A package index without advisories answers that it knows no package: nothing was audited then.
if grep -qE "Dependency not found on PyPI|ConnectionError|NameResolutionError|Max retries" "$report"; then
    echo "the advisory database could not be asked for every package" >&2
    [ -z "${STRICT:-}" ] || exit 1
    [ "$status" -eq 1 ] && grep -q "Fix Versions" "$report" && exit 1
    exit 0
fi
exit "$status"
