"""One file on S3 that fails, hangs, lies or trickles (F8): noticed, in bounded time."""

import errno
import hashlib
import os
import time

import pytest
from botocore.exceptions import ClientError

from images.storage import s3
from images.storage.s3 import QUICK_CLIENT_CONFIG, S3ImageStorage
from images.tests.helpers import in_staging, stored, stored_bytes
from images.tests.outages import BOUND, outages
from images.uploads import reception
from tests.faults.s3_proxy import Fault
from tests.seaweed import BUCKET

NAME = "f3/a1/00a1f3/original"


@pytest.fixture
def storage(behind_proxy: S3ImageStorage) -> S3ImageStorage:
    return behind_proxy


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "source"
    path.write_bytes(os.urandom(300_000))
    return path


@outages
def test_storing_fails_in_time_and_leaves_nothing(storage, proxy, source, fault):
    begun = time.monotonic()
    with proxy.broken(fault), pytest.raises(OSError) as failed:
        storage.store(source, NAME, "image/jpeg")
    assert time.monotonic() - begun < BOUND
    assert not isinstance(failed.value, FileNotFoundError)
    assert stored() == set()


@outages
def test_reading_fails_in_time_and_is_not_taken_for_missing(storage, proxy, source, fault):
    storage.store(source, NAME, "image/jpeg")
    begun = time.monotonic()
    with proxy.broken(fault), pytest.raises(OSError) as failed, storage.local_copy(NAME):
        pass
    assert time.monotonic() - begun < BOUND
    assert not isinstance(failed.value, FileNotFoundError)
    assert in_staging() == []


@outages
def test_health_tells_an_outage_soon(storage, proxy, fault):
    begun = time.monotonic()
    with proxy.broken(fault):
        assert not storage.answers()
    assert time.monotonic() - begun < 3 * (QUICK_CLIENT_CONFIG.connect_timeout + QUICK_CLIENT_CONFIG.read_timeout)
    assert storage.answers()


@pytest.mark.parametrize(
    "fault",
    [Fault(status=503, code="SlowDown", times=2), Fault(silent=True, times=1), Fault(cut_request=1000, times=1)],
)
def test_what_fails_now_and_then_is_done_by_asking_again(storage, proxy, source, fault):
    with proxy.broken(fault):
        storage.store(source, NAME, "image/jpeg")
    assert stored_bytes(NAME) == source.read_bytes()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("PUT", corrupt_request=True),
        Fault("PUT", cut_request=100_000),
    ],
    ids=["a byte was altered", "too short"],
)
def test_a_file_that_did_not_arrive_as_sent_is_not_stored(storage, proxy, source, fault):
    with proxy.broken(fault), pytest.raises(OSError):
        storage.store(source, NAME, "image/jpeg")
    assert stored() == set()


@pytest.mark.parametrize("echo", ["", "AAAA"], ids=["no checksum", "another checksum"])
def test_a_server_that_does_not_confirm_the_bytes_has_not_stored_them(storage, proxy, source, echo):
    with proxy.broken(Fault("PUT", headers={"x-amz-checksum-sha256": echo})), pytest.raises(OSError):
        storage.store(source, NAME, "image/jpeg")


def test_the_server_vouches_for_a_file_and_its_copy(storage, source):
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    storage.store(source, NAME, "image/jpeg")
    storage.copy(NAME, "f3/a1/00a1f4/original", "image/jpeg")
    assert storage.vouches_for(NAME, sha256)
    assert storage.vouches_for("f3/a1/00a1f4/original", sha256)
    assert not storage.vouches_for(NAME, "00" * 32)


@pytest.mark.parametrize(
    "fault", [Fault("GET", corrupt_answer=True), Fault("GET", cut_answer=100_000)], ids=["altered", "too short"]
)
def test_a_copy_that_did_not_arrive_whole_is_an_error(storage, proxy, source, fault):
    storage.store(source, NAME, "image/jpeg")
    with proxy.broken(fault), pytest.raises(OSError), storage.local_copy(NAME):
        pass
    assert in_staging() == []


@pytest.mark.parametrize("size", [1000, 300_000])
def test_bytes_that_were_altered_on_their_way_are_never_a_whole_answer(storage, proxy, tmp_path, size):
    source, arrived = tmp_path / "file", []
    source.write_bytes(bytes(size))
    storage.store(source, NAME, "image/jpeg")
    with proxy.broken(Fault("GET", corrupt_answer=True)), pytest.raises(OSError):
        arrived.extend(storage.open_stored(NAME).chunks(range(size)))
    assert sum(map(len, arrived)) < size


def test_a_part_that_is_another_part_is_refused_before_anything_is_answered(storage, proxy, source):
    storage.store(source, NAME, "image/jpeg")
    file = storage.open_stored(NAME)
    with proxy.broken(Fault("GET", headers={"Content-Length": "7"})), pytest.raises(OSError):
        file.chunks(range(5, 10))


def test_a_server_that_trickles_is_given_up(storage, proxy, tmp_path, monkeypatch):
    monkeypatch.setattr(s3, "LONGEST_TRANSFER_SECONDS", 1.5)
    large = tmp_path / "large"
    large.write_bytes(bytes(8_000_000))
    begun = time.monotonic()
    with proxy.broken(Fault("PUT", speed=100_000)), pytest.raises(OSError):
        storage.store(large, NAME, "image/jpeg")
    assert time.monotonic() - begun < 3 * 1.5 + BOUND
    storage.store(large, NAME, "image/jpeg")
    begun = time.monotonic()
    with proxy.broken(Fault("GET", speed=100_000)), pytest.raises(OSError), storage.local_copy(NAME):
        pass
    assert time.monotonic() - begun < 3 * 1.5
    assert in_staging() == []


@pytest.fixture
def patient(storage, settings) -> S3ImageStorage:
    settings.STORAGES["images"]["OPTIONS"].pop("client_config")
    return S3ImageStorage(**settings.STORAGES["images"]["OPTIONS"])


def read_all(storage: S3ImageStorage, part: range | None = None, pause: float = 0) -> bytes:
    file = storage.open_stored(NAME)
    read = bytearray()
    for chunk in file.chunks(part or range(file.size)):
        read += chunk
        time.sleep(pause)
    return bytes(read)


@pytest.mark.parametrize("speed", [100_000, 1000])
@pytest.mark.parametrize("part", [None, range(10, 290_000)], ids=["all", "a part"])
def test_reading_from_a_server_that_trickles_ends(patient, proxy, source, monkeypatch, speed, part):
    patient.store(source, NAME, "image/jpeg")
    monkeypatch.setattr(s3, "LONGEST_TRANSFER_SECONDS", 1.5)
    begun = time.monotonic()
    with proxy.broken(Fault("GET", speed=speed)), pytest.raises(TimeoutError):
        read_all(patient, part)
    assert time.monotonic() - begun < 3 * 2.5


def test_a_slow_reader_is_not_taken_for_a_slow_storage(patient, source, monkeypatch):
    source.write_bytes(os.urandom(12_000_000))  # more than what connections hold on the way
    patient.store(source, NAME, "image/jpeg")
    monkeypatch.setattr(s3, "LONGEST_TRANSFER_SECONDS", 1)
    begun = time.monotonic()
    assert read_all(patient, pause=0.02) == source.read_bytes()
    assert time.monotonic() - begun > 3


@pytest.mark.parametrize(("size", "seconds"), [(0, 60), (1024**2, 62), (100 * 1024**2, 260), (1024**3, 270)])
def test_the_time_a_file_may_take_grows_with_its_size_and_ends_before_its_lease(size, seconds):
    assert s3._seconds_for(size) == seconds
    assert seconds < reception.RECEPTION_LEASE.total_seconds()


def test_a_large_file_may_take_its_time_both_ways(patient, proxy, source, monkeypatch):
    monkeypatch.setattr(s3, "TRANSFER_SECONDS", 0.5)
    source.write_bytes(bytes(24_000_000))
    with proxy.broken(Fault(speed=8_000_000)):
        patient.store(source, NAME, "image/jpeg")
        assert len(read_all(patient)) == 24_000_000


def test_a_silent_server_is_given_up_after_three_times_five_seconds_as_delivered(patient, proxy, source):
    begun = time.monotonic()
    with proxy.broken(Fault(silent=True)), pytest.raises(OSError):
        patient.store(source, NAME, "image/jpeg")
    # With the pauses between them it takes less than 20 s; threefold slack.
    assert 3 * 5 <= time.monotonic() - begun < 3 * 20


def test_all_threads_share_one_client(storage):
    assert storage.client is storage.client
    assert storage.client.meta.config.max_pool_connections == 64


def test_objects_know_what_they_are(storage, source, proxy):
    storage.store(source, NAME, "image/webp")
    head = proxy.server.client().head_object(Bucket=BUCKET, Key=f"{storage.location}/{NAME}")
    assert head["ContentType"] == "image/webp"


@pytest.mark.parametrize(
    ("status", "code", "number"),
    [
        (507, "Anything", errno.ENOSPC),
        (500, "XMinioStorageFull", errno.ENOSPC),
        (403, "QuotaExceeded", errno.ENOSPC),
        (500, "InternalError", errno.EIO),
    ],
)
def test_a_server_that_says_it_is_full_is_a_full_disk(status: int, code: str, number: int) -> None:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    with pytest.raises(OSError) as failed, s3._as_os_error(NAME):
        raise ClientError(answer, "PutObject")
    assert failed.value.errno == number
