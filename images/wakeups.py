"""Two events by which services wake the engine of their process (images.engine).

A lost wake-up is harmless: the engine also looks by itself, and where no engine runs another process looks.
"""

import threading

work_waits = threading.Event()
"""There is something to make."""

removal_waits = threading.Event()
"""There is something to clear up."""
