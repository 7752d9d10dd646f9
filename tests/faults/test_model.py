"""The store against a plain dictionary: any sequence of what a user can do, with kills in between."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.faults.counts import count
from tests.faults.invariants import check
from tests.faults.recording_user import Record, RecordingUser, Sent, picture
from tests.faults.store import Store

LIVING, TRASHED, GONE = "living", "trashed", "gone"


@dataclass(eq=False)
class ModelAlbum:
    id: str
    state: str = LIVING


@dataclass(eq=False)
class ModelImage:
    id: str
    album: ModelAlbum
    content: bytes = field(repr=False)
    state: str = LIVING

    @property
    def takes_space(self) -> bool:
        return self.state != GONE and self.album.state != GONE

    @property
    def is_shown(self) -> bool:
        return self.state == LIVING and self.album.state == LIVING


class Machine(RuleBasedStateMachine):
    """Each rule says what the API must answer, by the model alone."""

    store: Store
    albums = Bundle("albums")
    images = Bundle("images")

    def __init__(self) -> None:
        super().__init__()
        self.store.stand_up()
        self.alice = RecordingUser.sign_up(self.store, "model")
        self.all_albums: list[ModelAlbum] = []
        self.all_images: list[ModelImage] = []
        self.gone: set[str] = set()
        self.kills = 0

    def answered(self, expected: int, method: str, path: str, **options: Any) -> Any:
        answer = self.alice.ask(method, path, **options)
        assert answer is not None, f"{method} {path}: no answer"
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def deleted(self, expected: int, path: str) -> None:
        count("deletes tried")
        self.answered(expected, "DELETE", path)
        count("deletes acknowledged", int(expected == 204))

    def sent(self, expected: int, album: ModelAlbum, content: bytes) -> Any:
        count("uploads tried")
        files = {"file": ("photo.jpg", content)}
        answer = self.answered(expected, "POST", f"albums/{album.id}/images/", files=files)
        count("uploads acknowledged", int(expected < 300))
        return answer

    # ---- Albums -------------------------------------------------------------------------------

    @initialize(target=albums)
    def first_album(self) -> Any:
        return self.make_an_album()

    @rule(target=albums)
    def make_album(self) -> Any:
        return self.make_an_album()

    def make_an_album(self) -> ModelAlbum:
        album = ModelAlbum(self.answered(201, "POST", "albums/", json={"title": "An album"}).json()["id"])
        self.all_albums.append(album)
        return album

    @rule(album=albums)
    def trash_album(self, album: ModelAlbum) -> None:
        self.deleted(204 if album.state == LIVING else 404, f"albums/{album.id}/")
        album.state = TRASHED if album.state == LIVING else album.state

    @rule(album=albums)
    def restore_album(self, album: ModelAlbum) -> None:
        self.answered(200 if album.state == TRASHED else 404, "POST", f"trash/{album.id}/restore/")
        album.state = LIVING if album.state == TRASHED else album.state

    @rule(album=albums, at_trash=st.booleans())
    def delete_album(self, album: ModelAlbum, at_trash: bool) -> None:
        endpoint, wanted = (
            (f"trash/{album.id}/", TRASHED) if at_trash else (f"albums/{album.id}/?permanent=true", LIVING)
        )
        self.deleted(204 if album.state == wanted else 404, endpoint)
        if album.state == wanted:
            album.state = GONE
            self.gone |= {image.id for image in self.all_images if image.album is album}

    # ---- Images -------------------------------------------------------------------------------

    @initialize(target=images)
    def first_images(self) -> Any:
        album = self.make_an_album()
        return multiple(*(self.upload_new(album) for _ in range(4)))

    @rule(target=images, album=albums)
    def upload(self, album: ModelAlbum) -> Any:
        return self.upload_new(album)

    def upload_new(self, album: ModelAlbum) -> Any:
        content = picture()
        answer = self.sent(201 if album.state == LIVING else 404, album, content)
        if album.state != LIVING:
            return multiple()
        image = ModelImage(answer.json()["id"], album, content)
        self.all_images.append(image)
        return image

    @rule(image=images)
    def upload_again(self, image: ModelImage) -> None:
        """The same image, out of the trash; only after its end another one."""
        if image.album.state != LIVING:
            self.sent(404, image.album, image.content)
            return
        answer = self.sent(201 if image.state == GONE else 200, image.album, image.content)
        if image.state == GONE:
            image.id = answer.json()["id"]
        assert answer.json()["id"] == image.id
        image.state = LIVING

    @rule(image=images)
    def trash_image(self, image: ModelImage) -> None:
        self.deleted(204 if image.is_shown else 404, f"images/{image.id}/")
        image.state = TRASHED if image.is_shown else image.state

    @rule(image=images)
    def restore_image(self, image: ModelImage) -> None:
        if image.takes_space and image.album.state == TRASHED:
            self.answered(409, "POST", f"trash/{image.id}/restore/")
        elif image.takes_space and image.state == TRASHED:
            self.answered(200, "POST", f"trash/{image.id}/restore/")
            image.state = LIVING
        else:
            self.answered(404, "POST", f"trash/{image.id}/restore/")

    @rule(image=images, at_trash=st.booleans())
    def delete_image(self, image: ModelImage, at_trash: bool) -> None:
        endpoint = f"trash/{image.id}/" if at_trash else f"images/{image.id}/?permanent=true"
        found = image.takes_space and not image.is_shown if at_trash else image.is_shown
        self.deleted(204 if found else 404, endpoint)
        if found:
            image.state = GONE
            self.gone.add(image.id)

    @rule(image=images, album=albums)
    def move(self, image: ModelImage, album: ModelAlbum) -> None:
        expected = 404 if not image.is_shown else 200 if album.state == LIVING else 400
        self.answered(expected, "PATCH", f"images/{image.id}/", json={"album": album.id})
        image.album = album if expected == 200 else image.album

    @rule()
    def empty_the_trash(self) -> None:
        self.deleted(204, "trash/")
        for image in self.all_images:
            if image.takes_space and not image.is_shown:
                self.gone.add(image.id)
                image.state = GONE
        for album in self.all_albums:
            album.state = GONE if album.state == TRASHED else album.state

    # ---- Faults, and what must hold after each step -----------------------------------------------

    @precondition(lambda self: self.kills < 2 and len(self.all_images) > 1)
    @rule()
    def kill_and_restart(self) -> None:
        self.kills += 1
        self.store.die()
        self.store.start()

    @invariant()
    def the_api_shows_the_model(self) -> None:
        living = {album.id: album for album in self.all_albums if album.state == LIVING}
        shown = {image.id: image.album.id for image in self.all_images if image.is_shown}
        albums = self.alice.albums()
        assert {album["id"]: album["image_count"] for album in albums} == {
            album: list(shown.values()).count(album) for album in living
        }
        found = {image["id"]: album for album in living for image in self.alice.images(album)}
        assert found == shown
        stored = [image for image in self.all_images if image.takes_space]
        trashed = {album.id for album in self.all_albums if album.state == TRASHED}
        trashed |= {image.id for image in stored if image.state == TRASHED}
        assert {thing["id"] for thing in self.alice.get("trash/?page_size=200").json()["results"]} == trashed
        used = self.alice.get("users/me/", expect=200).json()["quota"]["used"]
        assert used == sum(len(image.content) for image in stored)

    def teardown(self) -> None:
        wrong = self.alice.record.wrong_answers
        stored = {image.id: Sent(image.album.id, image.content) for image in self.all_images if image.takes_space}
        self.alice.record = Record(stored=stored, gone=self.gone, wrong_answers=wrong)
        check(self.store, self.alice)


@pytest.mark.parametrize("examples", [4, pytest.param(60, marks=pytest.mark.faults_full)])
def test_whatever_a_user_does_the_store_equals_a_dictionary(store: Store, examples: int) -> None:
    class OnThisStore(Machine):
        pass

    OnThisStore.store = store
    run_state_machine_as_test(
        OnThisStore,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink] if examples > 4 else [Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
