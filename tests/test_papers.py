"""The papers stay true: every file, module, test and command that they name is there."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.servers import ROOT

PAPERS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# What tools and the store itself make beside the project's files.
MADE = {".git", ".venv", "node_modules", "data", "__pycache__"}


def files_below(folder: Path) -> list[str]:
    """Their paths from the root; not asked of Git, because an unpacked archive has none."""
    found = []
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in MADE]
        found += [(Path(at) / name).relative_to(ROOT).as_posix() for name in names]
    return found


FILES = files_below(ROOT)
TOP = {file.split("/")[0] for file in FILES}
PACKAGES = ("accounts", "albums", "images", "imagestore")
# What the store, an operator or an editor makes, so no commit has it; and names that stand for any.
NOT_OURS = {".env", "compose.yaml", "uv.lock", "NAME.py"}
SUFFIXES = ("py", "md", "toml", "yml", "yaml", "txt", "in", "js", "html", "css", "sh", "json", "lock", "example")

_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_PATH = re.compile(r"\.?[\w*-]+(?:[/.][\w*-]+)*/?")
_TESTS = {Path(file).stem: file for file in FILES if Path(file).name.startswith("test_")}


def code_in(paper: Path) -> list[str]:
    """What stands between backticks."""
    return [found.strip("`") for found in _CODE.findall(paper.read_text())]


def there(path: str) -> bool:
    """A file, a folder or a pattern of them, from the root or by the end of its path."""
    if (ROOT / path).exists() or ("*" in path and any(ROOT.glob(path))):
        return True
    return any(file.endswith(f"/{path}") for file in FILES)


def names_a_path(text: str) -> bool:
    if not _PATH.fullmatch(text) or text in NOT_OURS or "NAME" in text:
        return False
    return ("/" in text and text.split("/")[0] in TOP) or text.rpartition(".")[2] in SUFFIXES


def lost_paths(paper: Path) -> list[str]:
    """Paths, and `path::test`."""
    lost = []
    for text in code_in(paper):
        path, _, test = text.partition("::")
        if names_a_path(path) and not (there(path) and (not test or f"def {test}(" in (ROOT / path).read_text())):
            lost.append(text)
    return lost


def lost_modules(paper: Path) -> list[str]:
    """`images.storage`, and names in a module: `images.services.receive`."""
    lost = []
    for text in code_in(paper):
        if not re.fullmatch(rf"({'|'.join(PACKAGES)})(\.\w+)+", text):
            continue
        above, _, name = text.rpartition(".")
        source = ROOT / f"{above.replace('.', '/')}.py"
        inside = source.exists() and re.search(rf"\b{name}\b", source.read_text())
        if not (inside or there(text.replace(".", "/")) or there(f"{text.replace('.', '/')}.py")):
            lost.append(text)
    return lost


def lost_tests(paper: Path) -> list[str]:
    """`test_leases_run_out` for short."""
    return [text for text in code_in(paper) if re.fullmatch(r"test_\w+", text) and text not in known_tests()]


def known_tests() -> set[str]:
    """Modules, and the examples of names in CONTRIBUTING.md."""
    functions = (re.findall(r"def (test_\w+)", (ROOT / file).read_text()) for file in _TESTS.values())
    return {*_TESTS, *(name for names in functions for name in names)}


def lost_commands(paper: Path) -> list[str]:
    """`manage.py X` and `make X`."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    code = "\n".join(code_in(paper))
    managed = [name for name in re.findall(r"manage\.py (\w+)", code) if name not in get_commands()]
    return managed + [name for name in re.findall(r"\bmake ([a-z][\w-]*)", code) if name not in targets]


def lost_links(paper: Path) -> list[str]:
    """[text](path) and pictures."""
    links = re.findall(r"\]\(([^)#:]+)\)|src=\"([^\":]+)\"", paper.read_text())
    return [link for pair in links for link in pair if link and not (paper.parent / link).exists()]


@pytest.mark.parametrize("lost", [lost_paths, lost_modules, lost_tests, lost_commands, lost_links])
@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_what_a_paper_names_is_there(paper: Path, lost: Callable[[Path], list[str]]) -> None:
    assert lost(paper) == []


@pytest.mark.parametrize(
    ("lost", "text"),
    [
        (lost_paths, "`images/no_such.py`"),
        (lost_paths, "`no_such.py`"),
        (lost_paths, "`images/tests/no_such/`"),
        (lost_paths, "`tests/test_papers.py::test_no_such`"),
        (lost_modules, "`images.no_such`"),
        (lost_modules, "`images.services.no_such`"),
        (lost_tests, "`test_no_such`"),
        (lost_commands, "`manage.py no_such`"),
        (lost_commands, "```\nmake no-such\n```"),
        (lost_links, "[a link](no_such.md)"),
    ],
)
def test_what_is_not_there_is_noticed(tmp_path: Path, lost: Callable[[Path], list[str]], text: str) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text(f"A sentence with {text}.\n")
    assert len(lost(paper)) == 1


def test_the_readme_names_every_command_of_ours() -> None:
    ours = {name for name, app in get_commands().items() if app in (*PACKAGES, "imagestore.operators")}
    assert len(ours) >= 7
    named = set(re.findall(r"manage\.py (\w+)", (ROOT / "README.md").read_text()))
    assert ours - named == set()
