"""Every sequence of acts on one album and its two images, against a model that is two dictionaries."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.db import transaction

from albums.models import Album
from images import services
from images.deletion import trash
from images.models import Image
from images.processing import Probed
from images.rendering import variants
from images.storage.base import image_storage
from images.tests.helpers import album, colours, staged, user, work_off
from images.uploads import probing
from imagestore.kit.problems import Problem

pytestmark = pytest.mark.django_db

DEPTH = 3
LIVING, TRASHED, GONE = "living", "trashed", "gone"
NOT_FOUND = "not_found"


@dataclass(frozen=True)
class Model:
    """What should be: the album's state, each image's own (oldest upload first), and the choice of a cover."""

    album: str
    images: dict[str, str]
    choice: str | None = None

    def with_image(self, name: str, state: str) -> "Model":
        return replace(self, images={**self.images, name: state})

    @property
    def cover(self) -> str | None:
        living = [name for name, state in self.images.items() if state == LIVING]
        return self.choice if self.choice in living else next(reversed(living), None)

    def in_trash(self, name: str) -> bool:
        return self.images[name] != GONE and TRASHED in (self.album, self.images[name])

    # Each act gives what it should answer ("" for success) and what should be then.

    def trash_album(self) -> tuple[str, "Model"]:
        return ("", replace(self, album=TRASHED)) if self.album == LIVING else (NOT_FOUND, self)

    def restore_album(self) -> tuple[str, "Model"]:
        return ("", replace(self, album=LIVING)) if self.album == TRASHED else (NOT_FOUND, self)

    def delete_album(self) -> tuple[str, "Model"]:
        gone = Model(GONE, dict.fromkeys(self.images, GONE))
        return ("", gone) if self.album == TRASHED else (NOT_FOUND, self)

    def trash_image(self, name: str) -> tuple[str, "Model"]:
        living = self.album == self.images[name] == LIVING
        return ("", self.with_image(name, TRASHED)) if living else (NOT_FOUND, self)

    def restore_image(self, name: str) -> tuple[str, "Model"]:
        if not self.in_trash(name):
            return NOT_FOUND, self
        return ("album_in_trash", self) if self.album == TRASHED else ("", self.with_image(name, LIVING))

    def delete_image(self, name: str) -> tuple[str, "Model"]:
        if not self.in_trash(name):
            return NOT_FOUND, self
        choice = None if self.choice == name else self.choice
        return "", replace(self.with_image(name, GONE), choice=choice)

    def upload(self, name: str) -> tuple[str, "Model"]:
        if self.album != LIVING:
            return NOT_FOUND, self
        if self.images[name] != GONE:
            return "", self.with_image(name, LIVING)
        others = {other: state for other, state in self.images.items() if other != name}
        return "", replace(self, images={**others, name: LIVING})

    def choose(self, name: str) -> tuple[str, "Model"]:
        if self.album != LIVING:
            return NOT_FOUND, self
        return "", replace(self, choice=None if self.images[name] == GONE else name)


class Store:
    """What is: the same acts through the services."""

    def __init__(self, files: dict[str, Any]) -> None:
        self.alice = user()
        self.album = album(self.alice)
        self.files = files
        for name in files:
            self.upload(name)

    def image(self, name: str) -> Image:
        """The newest of these bytes, even if it is gone."""
        return Image.objects.filter(sha256=self.files[name].sha256).latest("pk")

    def trash_album(self) -> None:
        found = services.albums.find(self.alice, self.album.public_id)
        services.delete_albums(self.alice, Album.objects.filter(pk=found.pk))

    def restore_album(self) -> None:
        trash.restore(trash.find(self.alice, self.album.public_id))

    def delete_album(self) -> None:
        trash.delete(trash.find(self.alice, self.album.public_id))

    def trash_image(self, name: str) -> None:
        found = services.find(self.alice, self.image(name).public_id)
        services.delete_images(self.alice, Image.objects.filter(pk=found.pk))

    def restore_image(self, name: str) -> None:
        trash.restore(trash.find(self.alice, self.image(name).public_id))

    def delete_image(self, name: str) -> None:
        trash.delete(trash.find(self.alice, self.image(name).public_id))

    def upload(self, name: str) -> None:
        services.receive(self.album, self.files[name])
        work_off()

    def choose(self, name: str) -> None:
        services.change_album(self.album, cover_choice=self.image(name).public_id)

    def is_as(self, model: Model) -> bool:
        self.alice.refresh_from_db()
        self.album.refresh_from_db()
        sizes = {name: file.size for name, file in self.files.items()}
        kept = [name for name, state in model.images.items() if state != GONE]
        counted = [name for name in kept if model.images[name] == LIVING]
        shown = counted if model.album == LIVING else []
        alone = [name for name in kept if model.images[name] == TRASHED]
        newest = dict(Image.objects.order_by("pk").values_list("sha256", "pk"))
        keys = {name: newest[file.sha256] for name, file in self.files.items()}
        cover = keys[model.cover] if model.cover else 0
        owned = Image.objects.owned_by(self.alice).values_list("pk", flat=True)
        albums, images = trash.contents(self.alice)
        return (
            self.alice.used_bytes == sum(sizes[name] for name in kept)
            and (self.album.image_count, self.album.bytes) == (len(counted), sum(sizes[name] for name in counted))
            and self.album.cover_key == cover
            and set(owned) == {keys[name] for name in shown}
            and set(images.values_list("pk", flat=True)) == {keys[name] for name in alone}
            and (albums.exists(), Album.objects.owned_by(self.alice).exists())
            == (model.album == TRASHED, model.album == LIVING)
        )


ACTS = [
    *((act,) for act in ("trash_album", "restore_album", "delete_album")),
    *(
        (act, name)
        for act in ("trash_image", "restore_image", "delete_image", "upload", "choose")
        for name in ("x", "y")
    ),
]


def outcome(act: Callable[..., None], *names: str) -> str:
    try:
        act(*names)
    except Problem as problem:
        return problem.code
    return ""


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens inside never was."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def walk(store: Store, model: Model, done: tuple[tuple[str, ...], ...] = ()) -> int:
    """Try every act from here on, and from where it leads; how many. One that is refused leads nowhere."""
    tried = 0
    for act, *names in ACTS if len(done) < DEPTH else ():
        story = (*done, (act, *names))
        with taken_back():
            expected, then = getattr(model, act)(*names)
            assert outcome(getattr(store, act), *names) == expected, story
            assert store.is_as(then), story
            tried += 1 + (walk(store, then, story) if then != model else 0)
    return tried


@pytest.mark.slow
def test_sums_and_cover_are_right_after_every_order_of_trashing_restoring_deleting_and_uploading(monkeypatch):
    probed = Probed(content_type="image/jpeg", width=40, height=30, taken=None, camera="")
    with ExitStack() as stack:
        files = {name: stack.enter_context(staged(content)) for name, content in zip("xy", colours(2), strict=True)}
        monkeypatch.setattr(variants, "_render_and_store", lambda image: {"variants": {}})
        store, model = Store(files), Model(LIVING, {"x": LIVING, "y": LIVING})
        monkeypatch.setattr(probing, "probe", lambda path, owner: probed)
        monkeypatch.setattr(type(image_storage()), "store", lambda *args: None)
        assert store.is_as(model)
        assert walk(store, model) > len(ACTS) ** 2
