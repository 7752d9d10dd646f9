#!/bin/sh
# The tests at the start of `docker compose up` (TESTS_AT_START): not those that need a browser or Node, nor those that kill
# servers. What fails is run once more, one test at a time: a machine that is busy with something else may let a time-out pass.
set -eu
tests() {
    python -m pytest -q --max-worker-restart 0 --ignore tests/browser --ignore tests/clients --ignore tests/faults \
        --deselect tests/test_schema.py::test_spectral_and_the_validator_of_openapi_find_nothing "$@"
}
tests -n auto --maxprocesses 8 --dist loadfile && exit
echo "Once more, what failed:"
tests --last-failed --last-failed-no-failures none
