"""The progress bar of commands."""

from django.core.management.base import OutputWrapper

_WIDTH_CHARACTERS = 40


def show_progress(out: OutputWrapper, done: int, total: int) -> None:
    """Draw the bar over itself on a terminal. Writes nothing when the output is a file."""
    if out.isatty() and total:
        filled = _WIDTH_CHARACTERS * done // total
        out.write(
            f"\r[{'#' * filled}{' ' * (_WIDTH_CHARACTERS - filled)}] {done}/{total}",
            ending="" if done < total else "\n",
        )
        out.flush()
