"""What must hold after every fault (I1–I10 of the fault matrix); one checker for all of them."""

import json
import time
from collections import Counter
from typing import Any
from uuid import UUID

from tests.faults.counts import count
from tests.faults.recording_user import RecordingUser, Sent, at_once
from tests.faults.store import Store, wait_for

# Of so many images each is fetched through the API; of more, a share.
FETCHED = 40


def check(store: Store, *users: RecordingUser) -> None:
    """Let the store recover, then compare it with what its users were told."""
    store.stand_up()
    settle(store)
    for user in users:
        if not user.record.account_is_gone:
            user.log_in()
            user.repeat_unknown()
    settle(store)
    violations = [
        *(said for user in users for said in _broken_promises(store, user)),
        *_unknown_names(store),
        *_wrong_sums(store),
        *_left_behind(store),
    ]
    count("invariants checked", 10)
    if found := store.operator("verify"):
        violations.append(f"verify: {found}")
    assert violations == [], "\n".join(violations)


def settle(store: Store) -> None:
    """Leases of the dead end now instead of later; then everything comes to rest by itself."""
    store.operator("expire_leases")
    deadline = time.monotonic() + 60
    while waiting := _transient(store):
        assert time.monotonic() < deadline, f"still not at rest (I6): {waiting}"
        # The server does this every minute; its turn shall come now.
        if {"receiving", "doomed", "album", "user"} & set(waiting):
            store.operator("reconcile")
        time.sleep(0.05)
    store.operator("reconcile", 0)


def _transient(store: Store) -> dict[str, int]:
    rows = store.query(
        "SELECT status AS state, COUNT(*) AS number FROM images_image WHERE status NOT IN ('ready', 'failed') "
        "GROUP BY status UNION ALL SELECT 'album', COUNT(*) FROM albums_album WHERE doomed_at IS NOT NULL "
        "UNION ALL SELECT 'user', COUNT(*) FROM accounts_user WHERE doomed_at IS NOT NULL "
        "UNION ALL SELECT 'turned', COUNT(*) FROM images_renderagain "
        # A walk takes these up (images.rendering.convergence).
        "UNION ALL SELECT 'held', COUNT(*) FROM images_image WHERE status = 'ready' AND lease_token IS NOT NULL"
    )
    return {row["state"]: row["number"] for row in rows if row["number"]}


# ---- I1, I5, I7, I8, I9, I10: what users were told ----------------------------------------


def _broken_promises(store: Store, user: RecordingUser) -> list[str]:
    record = user.record
    found = [*record.wrong_answers]
    if record.account_is_gone:
        refused = user.ask("GET", "albums/")
        if refused is None or refused.status_code != 401:
            found.append(f"a deleted account still gets in: {refused}")
        return found
    rows = images_of(store)
    at_rest = [lambda image=image, sent=sent: _losses(store, user, rows, image, sent)
               for image, sent in record.stored.items()]  # fmt: skip
    for losses in at_once(at_rest):
        count("losses", len(losses))
        found += losses
    count("images checked", len(record.stored))
    for image in list(record.gone)[-FETCHED:]:
        found += [f"{image} was deleted, and {path} answers {status} (I7)"
                  for path in (f"images/{image}/", f"images/{image}/file/")
                  if (status := user.get(path).status_code) != 404]  # fmt: skip
    found += [f"{image} was deleted, and has a row (I7)" for image in record.gone & set(rows)]
    return found + _more_than_promised(user, rows)


def _losses(store: Store, user: RecordingUser, rows: dict[str, Any], image: str, sent: Sent) -> list[str]:
    """An acknowledged upload is READY, with its exact bytes."""
    row = rows.get(image)
    if row is None:
        return [] if image in user.record.maybe_gone else [f"{image} was acknowledged and is gone (I1)"]
    if row["status"] != "ready" and sent.sha256 not in user.record.may_fail:
        return [f"{image} is {row['status']}: {row['error_code']} (P2)"]
    if store.sha256_of(f"{prefix_of(image)}/original") != sent.sha256:
        return [f"{image} has other bytes in storage (I1)"]
    if row["trashed"] or hash(image) % len(rows) > FETCHED:
        return []
    answer = user.get(f"images/{image}/file/")
    if answer.status_code != 200 or answer.content != sent.content:
        return [f"{image} answers {answer.status_code} with {len(answer.content)} bytes (I1)"]
    if row["status"] == "ready" and user.get(f"images/{image}/file/?size=thumb").status_code != 200:
        return [f"{image} has no thumbnail (I2)"]
    return []


def _more_than_promised(user: RecordingUser, rows: dict[str, Any]) -> list[str]:
    """The same bytes make one image, and no image exists that its user was not told of (I8, I10)."""
    record = user.record
    albums = {sent.album for sent in (*record.stored.values(), *record.refused)}
    mine = {image: row for image, row in rows.items() if row["album"] in albums}
    found = [
        f"{image} is nobody's upload (I8)" for image in mine if image not in {*record.stored, *record.maybe_gone}
    ]
    twice = Counter((row["album"], row["sha256"]) for row in mine.values())
    return found + [f"{number} images of the same bytes {key} (I10)" for key, number in twice.items() if number > 1]


# ---- I2, I3: rows and names -------------------------------------------------------------------


def images_of(store: Store) -> dict[str, dict[str, Any]]:
    rows = store.query(
        "SELECT i.public_id AS id, a.public_id AS album, i.status, i.error_code, i.attempts, i.sha256, i.bytes, "
        "i.variants, i.trashed_at IS NOT NULL OR a.trashed_at IS NOT NULL AS trashed "
        "FROM images_image i JOIN albums_album a ON a.id = i.album_id"
    )
    return {as_id(row["id"]): {**row, "album": as_id(row["album"])} for row in rows}


def as_id(value: Any) -> str:
    return str(UUID(str(value)))


def prefix_of(image: str) -> str:
    name = UUID(image).hex
    return f"{name[-2:]}/{name[-4:-2]}/{name}"


def _unknown_names(store: Store) -> list[str]:
    expected = set()
    for image, row in images_of(store).items():
        expected.add(f"{prefix_of(image)}/original")
        expected |= {f"{prefix_of(image)}/{variant['file']}" for variant in json.loads(row["variants"]).values()}
    names = store.names()
    return [
        *(f"{name} is in storage, and no row names it (I3)" for name in sorted(names - expected)),
        *(f"{name} is not in storage (I2)" for name in sorted(expected - names)),
    ]


# ---- I4, I6, I9: sums, leases, processes --------------------------------------------------------


def _wrong_sums(store: Store) -> list[str]:
    users = store.query(
        "SELECT u.id, u.used_bytes, (SELECT COALESCE(SUM(bytes), 0) FROM images_image WHERE owner_id = u.id) "
        "+ (SELECT COALESCE(SUM(length), 0) FROM images_upload WHERE owner_id = u.id AND counted) "
        "AS real_sum FROM accounts_user u"
    )
    albums = store.query(
        "SELECT a.id, a.bytes, a.image_count, COALESCE(SUM(i.bytes), 0) AS real_sum, COUNT(i.id) AS number "
        "FROM albums_album a LEFT JOIN images_image i ON i.album_id = a.id AND i.trashed_at IS NULL GROUP BY a.id"
    )
    months = store.query(
        "SELECT a.id, a.image_count, COALESCE(SUM(m.image_count), 0) AS number "
        "FROM albums_album a LEFT JOIN images_month m ON m.album_id = a.id GROUP BY a.id"
    )
    return [
        *(f"the months of album {m['id']} count wrongly: {m} (I4)"
          for m in months if m["image_count"] != m["number"]),
        *(f"user {u['id']} is said to use {u['used_bytes']}, it is {u['real_sum']} (I4)"
          for u in users if u["used_bytes"] != u["real_sum"]),
        *(f"album {a['id']} counts wrongly: {a} (I4)"
          for a in albums if (a["bytes"], a["image_count"]) != (a["real_sum"], a["number"])),
        *(f"the cover of album {a['id']} is {a['cover_key']}, not {a['cover']} (I4)"
          for a in _covers(store) if a["cover_key"] != a["cover"]),
    ]  # fmt: skip


def _covers(store: Store) -> list[dict[str, Any]]:
    ready = (
        "SELECT i.id FROM images_image i WHERE i.album_id = a.id AND i.status = 'ready' AND i.trashed_at IS NULL"
    )
    return store.query(
        f"SELECT a.id, a.cover_key, COALESCE(({ready} AND i.public_id = a.cover_choice), "
        f"({ready} ORDER BY i.created_at DESC, i.public_id DESC LIMIT 1), 0) AS cover FROM albums_album a"
    )


def _left_behind(store: Store) -> list[str]:
    found = [f"{name} is left in staging" for name in store.staged()]
    leases = store.scalar("SELECT COUNT(*) FROM images_image WHERE leased_until IS NOT NULL")
    if leases:
        found.append(f"{leases} leases are left (I6)")
    # An answer is with its client a moment before its file is closed.
    wait_for(lambda: not store.open_files(), "the closing of files (I9)", seconds=10)
    wait_for(lambda: not store.children(), "the children's end (I9)", seconds=10)
    return found
