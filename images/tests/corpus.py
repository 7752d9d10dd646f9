"""Real and hostile files kept beside the repository; `CORPUS_DIR` says where else they are.

Each line of its MANIFEST.tsv names a file, where it is from, and what should become of it.
Without the corpus these tests are skipped, except in CI (environment variable CI), where they fail.
"""

import csv
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"
CORPUS = Path(os.environ.get("CORPUS_DIR", _BESIDE))
_MANIFEST = CORPUS / "MANIFEST.tsv"

if os.environ.get("CI") and not _MANIFEST.is_file():
    raise RuntimeError(f"CI needs the corpus of pictures; there is none at {CORPUS} (CORPUS_DIR)")

needs_corpus = pytest.mark.skipif(
    not _MANIFEST.is_file(), reason=f"no corpus of pictures at {CORPUS}; set CORPUS_DIR"
)


@dataclass(frozen=True)
class Sample:
    name: str
    expected: str

    @property
    def path(self) -> Path:
        return CORPUS / self.name


def samples(folder: str) -> list[Sample]:
    """All of `photos`, `odd` or `hostile`; none without the corpus."""
    if not _MANIFEST.is_file():
        return []
    with _MANIFEST.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Sample(r["file"], r["expected"]) for r in rows if r["file"].startswith(f"{folder}/")]
