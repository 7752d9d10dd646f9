"""The layers of the code, their rooms (the modules and packages that a layer names), and who imports whom.

import-linter checks the same layers (pyproject.toml). `make house` prints the picture.
"""

import tomllib
from collections import defaultdict
from functools import cache
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
# Modules that each Django app has and that no layer names.
EVERYWHERE = ("apps", "migrations", "tests")


@cache
def layers() -> list[list[str]]:
    """Top to bottom; the rooms of one layer stand side by side."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    [contract] = settings["contracts"]
    return [layer.split(" | ") for layer in contract["layers"]]


@cache
def graph() -> grimp.ImportGraph:
    """Every module of the product with what it imports, type checking left out."""
    return grimp.build_graph("imagestore", "accounts", "albums", "images", exclude_type_checking_imports=True)


def modules() -> list[str]:
    return sorted(name for name in graph().modules if not set(name.split(".")) & set(EVERYWHERE))


def room_of(module: str) -> str | None:
    """The room a module lives in; None for one that stands in no layer."""
    rooms = [room for layer in layers() for room in layer if f"{module}.".startswith(f"{room}.")]
    return rooms[0] if rooms else None


def unplaced() -> list[str]:
    """Modules in no room, without the packages that only hold rooms."""
    rooms = [room for layer in layers() for room in layer]
    return [
        module
        for module in modules()
        if room_of(module) is None and not any(room.startswith(f"{module}.") for room in rooms)
    ]


def imports() -> dict[str, dict[str, int]]:
    """Room -> the rooms it imports, each with the number of imports."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for module in modules():
        for imported in graph().find_modules_directly_imported_by(module):
            room, other = room_of(module), room_of(imported)
            if room and other and room != other:
                found[room][other] += 1
    return found


def against_the_order() -> list[str]:
    """Imports from a room to one above or beside it."""
    level = {room: number for number, layer in enumerate(layers()) for room in layer}
    return sorted(
        f"{room} imports {other}"
        for room, others in imports().items()
        for other in others
        if level[other] <= level[room]
    )


def cycles() -> list[list[str]]:
    """Modules that import each other, over however many steps."""
    below = {module: set(graph().find_modules_directly_imported_by(module)) for module in modules()}
    reached = {module: _reach(module, below) for module in below}
    found = {
        frozenset(other for other in reached[module] if module in reached.get(other, set()))
        for module in below
        if module in reached[module]
    }
    return sorted(sorted(circle) for circle in found)


def _reach(start: str, below: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(below[start])
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(below.get(module, ()))
    return seen


def picture() -> str:
    """A line for each room, top to bottom: its modules, and the rooms it imports."""
    lines = []
    for layer in layers():
        lines.append("─" * 100)
        for room in layer:
            inside = [module.removeprefix(f"{room}.") for module in modules() if module.startswith(f"{room}.")]
            names = [name for name in inside if "." not in name]
            lines.append(f"{room}{': ' if names else ''}{' '.join(names)}")
            others = imports().get(room, {})
            if others:
                lines.append(f"    imports {', '.join(sorted(others))}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(picture())
