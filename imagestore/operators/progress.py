"""How far a command is: for people at a terminal, nothing where the output is a file."""

from django.core.management.base import OutputWrapper

_WIDTH_CHARACTERS = 40


def show(out: OutputWrapper, done: int, total: int) -> None:
    """One line that fills up."""
    if out.isatty() and total:
        filled = _WIDTH_CHARACTERS * done // total
        out.write(
            f"\r[{'#' * filled}{' ' * (_WIDTH_CHARACTERS - filled)}] {done}/{total}",
            ending="" if done < total else "\n",
        )
        out.flush()
