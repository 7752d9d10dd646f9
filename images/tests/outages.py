"""What may happen to S3 (F8), and how long the store may take to notice."""

import pytest
from botocore.config import Config

from images.storage.s3 import CLIENT_CONFIG
from tests.faults.s3_proxy import Fault

# As patient as the real one in all but seconds.
QUICK = CLIENT_CONFIG.merge(Config(connect_timeout=0.5, read_timeout=0.5))
# Three attempts of 0.5 s and up to 3 s of pauses between them, three times over for a busy machine.
BOUND = 3 * (3 * 0.5 + 3)

OUTAGES = {
    "500": Fault(status=500),
    "slow down": Fault(status=503, code="SlowDown"),
    "clock": Fault(status=403, code="RequestTimeTooSkewed"),
    "no bucket": Fault(status=404, code="NoSuchBucket"),
    "silent": Fault(silent=True),
    "reset": Fault(cut_request=0),
}
outages = pytest.mark.parametrize("fault", OUTAGES.values(), ids=OUTAGES)
