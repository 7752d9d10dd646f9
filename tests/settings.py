"""The store's settings for servers that tests start. Their many people need hashes that take no 100 MiB."""

from imagestore.kit.hashers import GatedArgon2Hasher
from imagestore.settings import *  # noqa: F403


class QuickHasher(GatedArgon2Hasher):
    time_cost = 1
    memory_cost = 64  # KiB, the least for eight threads


PASSWORD_HASHERS = ["tests.settings.QuickHasher"]
