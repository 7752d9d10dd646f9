"""The Dockerfile's health check: exit code 0 when the store in this container can work."""

import sys
import urllib.error
import urllib.request

from imagestore.kit.env import Reader
from imagestore.kit.env_values import listen_address

# The address on which the server listens to all of them, and one of them.
LOCAL = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - no address to bind

env = Reader()
host = env.read("HOST", listen_address, "127.0.0.1")
host = LOCAL.get(host, host)
url = f"http://{f'[{host}]' if ':' in host else host}:{env.integer('PORT', 9999)}/healthz/ready"
try:
    with urllib.request.urlopen(url, timeout=4) as answer:
        print(answer.read().decode())
except urllib.error.HTTPError as error:
    sys.exit(f"not ready: {error.read().decode(errors='replace')}")
except OSError as error:
    sys.exit(f"not ready: {error}")
