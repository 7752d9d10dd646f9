"""What must hold after every fault (I1–I10 of the fault matrix); one checker for all of them."""

import json
import time
from collections import Counter
from typing import Any
from uuid import UUID

from tests.faults.counts import count
from tests.faults.customers import Customer, Sent, at_once
from tests.faults.store import Store, wait_for

# Of so many images each is fetched through the API; of more, a share.
FETCHED = 40


def check(store: Store, *customers: Customer) -> None:
    """Let the store recover, then compare it with what its customers were told."""
    store.stand_up()
    settle(store)
    for customer in customers:
        if not customer.memory.account_is_gone:
            customer.log_in()
            customer.repeat_unknown()
    settle(store)
    violations = [
        *(said for customer in customers for said in _broken_promises(store, customer)),
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
        "UNION ALL SELECT 'user', COUNT(*) FROM accounts_user WHERE doomed_at IS NOT NULL"
    )
    return {row["state"]: row["number"] for row in rows if row["number"]}


# ---- I1, I5, I7, I8, I9, I10: what customers were told ----------------------------------------


def _broken_promises(store: Store, customer: Customer) -> list[str]:
    memory = customer.memory
    found = [*memory.wrong_answers]
    if memory.account_is_gone:
        refused = customer.ask("GET", "albums/")
        if refused is None or refused.status_code != 401:
            found.append(f"a deleted account still opens the door: {refused}")
        return found
    rows = images_of(store)
    at_rest = [lambda image=image, sent=sent: _kept(store, customer, rows, image, sent)
               for image, sent in memory.kept.items()]  # fmt: skip
    for losses in at_once(at_rest):
        count("losses", len(losses))
        found += losses
    count("images checked", len(memory.kept))
    for image in list(memory.gone)[-FETCHED:]:
        found += [f"{image} was deleted, and {door} answers {status} (I7)"
                  for door in (f"images/{image}/", f"images/{image}/file/")
                  if (status := customer.get(door).status_code) != 404]  # fmt: skip
    found += [f"{image} was deleted, and has a row (I7)" for image in memory.gone & set(rows)]
    return found + _more_than_promised(customer, rows)


def _kept(store: Store, customer: Customer, rows: dict[str, Any], image: str, sent: Sent) -> list[str]:
    """An acknowledged upload is READY, with its exact bytes."""
    row = rows.get(image)
    if row is None:
        return [] if image in customer.memory.maybe_gone else [f"{image} was acknowledged and is gone (I1)"]
    if row["status"] != "ready" and sent.sha256 not in customer.memory.may_fail:
        return [f"{image} is {row['status']}: {row['error_code']} (P2)"]
    if store.sha256_of(f"{prefix_of(image)}/original") != sent.sha256:
        return [f"{image} has other bytes in storage (I1)"]
    if row["trashed"] or hash(image) % len(rows) > FETCHED:
        return []
    answer = customer.get(f"images/{image}/file/")
    if answer.status_code != 200 or answer.content != sent.content:
        return [f"{image} answers {answer.status_code} with {len(answer.content)} bytes (I1)"]
    if row["status"] == "ready" and customer.get(f"images/{image}/file/?size=thumb").status_code != 200:
        return [f"{image} has no thumbnail (I2)"]
    return []


def _more_than_promised(customer: Customer, rows: dict[str, Any]) -> list[str]:
    """One image for the same bytes, and none of which nobody was told (I8, I10)."""
    memory = customer.memory
    albums = {sent.album for sent in (*memory.kept.values(), *memory.refused)}
    mine = {image: row for image, row in rows.items() if row["album"] in albums}
    found = [
        f"{image} is nobody's upload (I8)" for image in mine if image not in {*memory.kept, *memory.maybe_gone}
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
        "AS real_sum FROM accounts_user u"
    )
    albums = store.query(
        "SELECT a.id, a.bytes, a.image_count, COALESCE(SUM(i.bytes), 0) AS real_sum, COUNT(i.id) AS number "
        "FROM albums_album a LEFT JOIN images_image i ON i.album_id = a.id AND i.trashed_at IS NULL GROUP BY a.id"
    )
    return [
        *(f"user {u['id']} is said to use {u['used_bytes']}, it is {u['real_sum']} (I4)"
          for u in users if u["used_bytes"] != u["real_sum"]),
        *(f"album {a['id']} counts wrongly: {a} (I4)"
          for a in albums if (a["bytes"], a["image_count"]) != (a["real_sum"], a["number"])),
    ]  # fmt: skip


def _left_behind(store: Store) -> list[str]:
    found = [f"{name} is left in staging" for name in store.staged()]
    leases = store.scalar("SELECT COUNT(*) FROM images_image WHERE leased_until IS NOT NULL")
    if leases:
        found.append(f"{leases} leases are left (I6)")
    # An answer is with its client a moment before its file is closed.
    wait_for(lambda: not store.open_files(), "the closing of files (I9)", seconds=10)
    wait_for(lambda: not store.children(), "the children's end (I9)", seconds=10)
    return found
