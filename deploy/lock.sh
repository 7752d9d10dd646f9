#!/usr/bin/env bash
# Pins requirements*.in to versions and hashes. The locks must hold only packages: no header, no
# address of an index, no local path.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
python3 -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check uv
for name in requirements requirements-dev requirements-tracing; do
    "$tools/bin/uv" pip compile --quiet --generate-hashes --no-header --no-emit-index-url \
        --no-emit-find-links --universal --python-version 3.11 "$@" "$name.in" -o "$name.txt"
done
