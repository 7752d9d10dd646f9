"""The checker itself: what it is to find, it finds. Each sabotage is undone before the next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from images.processing.sizes import RENDER_VERSION
from tests.faults.counts import forget
from tests.faults.invariants import check, prefix_of
from tests.faults.recording_user import RecordingUser, Sent, picture
from tests.faults.store import Store


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, RecordingUser, str]]:
    from tests.faults.conftest import open_store

    store, stack = open_store(tmp_path_factory.mktemp("sabotaged"), {})
    with stack:
        alice = RecordingUser.sign_up(store, "alice")
        image = alice.store_image(alice.album())
        check(store, alice)
        yield store, alice, image


@pytest.fixture(autouse=True)
def _sabotage_is_no_loss() -> Iterator[None]:
    yield
    forget()


@contextmanager
def other_bytes(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    file = f"{prefix_of(image)}/original"
    before = store.files.read(file)
    store.files.write(file, before[:-1] + b"?")
    yield
    store.files.write(file, before)


@contextmanager
def no_thumbnail(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    file = f"{prefix_of(image)}/thumb.v{RENDER_VERSION}.jpg"
    before = store.files.read(file)
    store.files.remove(file)
    yield
    store.files.write(file, before)


@contextmanager
def unknown_file(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    file = f"{prefix_of(image)}/stranger"
    store.files.write(file, b"?")
    yield
    store.files.remove(file)


@contextmanager
def promise_of_nothing(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    album = alice.record.stored[image].album
    alice.record.stored["01890000-0000-7000-8000-000000000000"] = Sent(album, picture())
    yield
    del alice.record.stored["01890000-0000-7000-8000-000000000000"]


@contextmanager
def nobodys_upload(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    album = alice.record.stored[image].album
    alice.record.refused.append(Sent(album, b""))
    sent = alice.record.stored.pop(image)
    yield
    alice.record.stored[image] = sent


@contextmanager
def delete_undone(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    alice.record.gone.add(image)
    yield
    alice.record.gone.remove(image)


@contextmanager
def late_answer(store: Store, alice: RecordingUser, image: str) -> Iterator[None]:
    alice.record.wrong_answers.append("GET albums/: 500 (I9)")
    yield
    alice.record.wrong_answers.clear()


@pytest.mark.parametrize(
    ("sabotage", "found"),
    [
        (other_bytes, "(I1)"), (no_thumbnail, "(I2)"), (unknown_file, "(I3)"), (promise_of_nothing, "(I1)"),
        (nobodys_upload, "(I8)"), (delete_undone, "(I7)"), (late_answer, "(I9)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_found(world: tuple[Store, RecordingUser, str], sabotage: Callable, found: str) -> None:
    with sabotage(*world), pytest.raises(AssertionError) as error:
        check(*world[:2])
    assert found in str(error.value)
    check(*world[:2])


@pytest.mark.parametrize("sabotage", [other_bytes, no_thumbnail, unknown_file])
def test_the_stores_own_verify_finds_it_too(world: tuple[Store, RecordingUser, str], sabotage: Callable) -> None:
    with sabotage(*world):
        assert world[0].operator("verify")
    assert world[0].operator("verify") is None
