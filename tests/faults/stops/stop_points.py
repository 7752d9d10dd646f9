"""Where a test may stop the server: the steps of an image's life, numbered in the order of the work."""

from typing import NamedTuple


class Step(NamedTuple):
    """A passage of the product's code: `where` is module:function:before or after."""

    name: str
    where: str
    nth: int = 1
    """Which passage since it was armed."""

    def __str__(self) -> str:
        return self.name.replace(" ", "-")


RECEIVING = (
    Step("01 bytes come", "images.uploads.gate:StagingHandler.receive_data_chunk:after"),
    Step("02 body staged", "images.uploads.gate:StagingHandler.file_complete:after"),
    Step("03 probed", "images.services:_probe:after"),
    Step("04 entering, not committed", "images.uploads.reception:_entry:after"),
    Step("05 entered", "images.uploads.reception:enter:after"),
    Step("06 original has a temporary name", "images.storage.disk:_bring:after"),
    Step("07 original stored", "images.storage.disk:DurableFileStorage.store:after"),
    Step("08 publishing, not committed", "images.totals:count:after"),
    Step("09 published", "images.uploads.reception:publish:after"),
    Step("10 answer about to go", "images.services:receive:after"),
)
RENDERING = (
    Step("11 claimed", "images.rendering.queue:claim_next:after"),
    Step("12 rendered", "images.rendering.variants:render_in_child:after"),
    # The original's own passages come before.
    Step("13 variant has a temporary name", "images.storage.disk:_bring:after", nth=2),
    Step("14 one variant stored", "images.storage.disk:DurableFileStorage.store:after", nth=2),
    Step("15 variants stored", "images.rendering.variants:_store:after"),
    Step("16 recorded", "images.lifecycle:ready:after"),
)
DELETING = (
    Step("17 dooming, not committed", "images.deletion.removal:_doom_part:after"),
    Step("18 doomed", "images.deletion.removal:doom_images:after"),
    Step("19 about to remove files", "images.deletion.removal:remove_files:before"),
    Step("20 one folder removed", "images.storage.disk:DurableFileStorage._delete_folder:after"),
    Step("21 files removed", "images.deletion.removal:remove_files:after"),
    Step("22 rows removed", "images.deletion.removal:_purge_albums:before"),
)
DELETING_ALBUMS = (
    Step("23 album hidden", "images.deletion.removal:_hide_albums:after"),
    Step("24 album's images doomed", "images.deletion.removal:doom_albums:after"),
    Step("25 album's files removed", "images.deletion.removal:remove_files:after"),
    Step("26 album's row about to go", "images.deletion.removal:_purge_albums:before"),
    Step("27 album's row gone", "images.deletion.removal:_purge_albums:after"),
)
DELETING_ACCOUNTS = (
    Step("28 account hidden", "images.deletion.removal:_hide_user:after"),
    Step("29 account's images doomed", "images.deletion.removal:doom_user:after"),
    Step("30 account's albums gone", "images.deletion.removal:_purge_users:before"),
)
TRASHING = (
    Step("31 trashing, not committed", "images.totals:rewrite:after"),
    Step("32 trashed", "images.deletion.trash:trash_images:after"),
    Step("33 restored", "images.deletion.trash:restore_images:after"),
)
MOVING = (Step("34 moved, not committed", "images.totals:count:after", nth=2),)
REMOVING_OBJECTS = (Step("35 a batch of objects removed", "images.storage.s3:S3ImageStorage._delete:after"),)
BACKING_UP = (
    Step("36 database copied", "images.upkeep.database_dump:_dump:after"),
    Step("37 two files copied", "images.upkeep.backup:_fetch:after", nth=2),
    Step("38 one file put back", "images.upkeep.backup:_put_back:after"),
)
# The disk's own steps have no place on object storage, where one PUT does it all.
DISK = "images.storage.disk"
S3 = "images.storage.s3:S3ImageStorage"
ON_S3 = {
    f"{DISK}:DurableFileStorage.store:after": f"{S3}.store:after",
    f"{DISK}:DurableFileStorage._delete_folder:after": f"{S3}.delete_folders:after",
    f"{DISK}:_bring:after": f"{S3}.store:before",
}
ALL = (
    *RECEIVING, *RENDERING, *DELETING, *DELETING_ALBUMS, *DELETING_ACCOUNTS, *TRASHING, *MOVING, *REMOVING_OBJECTS,
    *BACKING_UP,
)  # fmt: skip
