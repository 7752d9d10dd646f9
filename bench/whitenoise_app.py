"""The peer of bench_serving: WhiteNoise alone, with the files of PEER_ROOT, in the same server as the store."""

import os
from typing import Any

from whitenoise import WhiteNoise


def _refuse(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


application = WhiteNoise(_refuse, root=os.environ["PEER_ROOT"], max_age=3600)
