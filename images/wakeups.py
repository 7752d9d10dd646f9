"""Two events by which services wake the engine of their process (images.engine).

A lost wake-up is harmless: every engine also asks the database at intervals.
"""

import threading

work_waits = threading.Event()
"""An image waits to be rendered."""

removal_waits = threading.Event()
"""Doomed images, albums or accounts wait to be removed."""
