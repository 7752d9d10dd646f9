"""The Dockerfile's health check: exit code 0 when the store in this container can work."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit

request = urllib.request.Request(f"http://127.0.0.1:{os.environ.get('PORT', '9999')}/healthz/ready")
# Send host and scheme of SITE_URL, as a proxy does: ALLOWED_HOSTS may not name 127.0.0.1.
site = urlsplit(os.environ.get("SITE_URL", "http://localhost:9999"))
request.add_header("Host", site.netloc)
request.add_header("X-Forwarded-Proto", site.scheme)
try:
    with urllib.request.urlopen(request, timeout=4) as answer:
        sys.exit(answer.status != 200)
except OSError as error:
    sys.exit(f"not ready: {error}")
