"""Reads settings from the environment and from files, and collects what is wrong with all of them.

A setting that is wrong gets its default for now, so that the reading goes on; `finish` then raises, with one line
for each. An empty value counts as unset. No message repeats a secret.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured

from imagestore.kit import env_values
from imagestore.kit.env_file import read_env_file

T = TypeVar("T")
D = TypeVar("D")

SECRET_CHARACTERS = 32
# So much of a wrong value is repeated in the message about it.
MAX_SHOWN_CHARACTERS = 60
# A variable of the environment is taken for a misspelt setting when its name is so much like one (difflib's ratio).
# The environment is full of others' variables; a file of settings is not.
MISSPELT_RATIO = 0.86
NO_MOST = 2**62


@dataclass(frozen=True)
class Setting:
    name: str
    value: Any
    origin: str
    """`default`, `environment`, or the file that it comes from."""
    is_secret: bool = False

    @property
    def shown(self) -> str:
        if self.value in (None, "", []):
            return "(none)"
        if self.is_secret:
            return "(secret, not shown)"
        return ", ".join(map(str, self.value)) if isinstance(self.value, list) else str(self.value)


class Reader:
    def __init__(self, environ: MutableMapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._origins: dict[str, str] = {}
        self._faults: list[str] = []
        self.settings: dict[str, Setting] = {}
        self.warnings: list[str] = []
        """What works and is right in some places only; the start and `manage.py check_settings` print it."""

    # ---- Sources ------------------------------------------------------------------------------

    def read_named_file(self, default: Path) -> None:
        """Read the file that ENV_FILE names, which must be there, or else the default one."""
        name = self.text("ENV_FILE")
        if name and not Path(name).exists():
            self.fault(f"ENV_FILE names a file that is not there: {name}.")
        self.read_file(Path(name or default))

    def read_file(self, path: Path) -> None:
        """Add the file's variables to the environment, which wins over it. A file that does not exist is empty."""
        try:
            for number, name, value in read_env_file(path):
                if not name:
                    self.fault(f"{path}, line {number}, is not understood: write NAME=value.")
                elif name not in self._environ:
                    self._environ[name] = value
                    self._origins[name] = str(path)
        except OSError as error:
            self.fault(f"{path} cannot be read: {error.strerror}.")
        except UnicodeDecodeError:
            self.fault(f"{path} cannot be read: it is not text in UTF-8.")

    def _raw(self, name: str) -> tuple[str, str]:
        """Text and origin; the text is "" when the setting is not set."""
        file_name = self._environ.get(f"{name}_FILE", "")
        if not file_name:
            return self._environ.get(name, "").strip(), self._origins.get(name, "environment")
        try:
            return Path(file_name).read_text(encoding="utf-8"), file_name
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
            self.fault(f"{name}_FILE names a file that cannot be read: {reason}.")
            return "", ""

    # ---- Kinds of settings ----------------------------------------------------------------------

    def read(self, name: str, parse: Callable[[str], T], default: D, *, is_secret: bool = False) -> T | D:
        """`parse` raises ValueError with the end of a sentence that begins "NAME must be"."""
        raw, origin = self._raw(name)
        value: T | D = default
        raw = raw.strip()
        try:
            value = parse(raw) if raw else default
        except ValueError as error:
            end = "" if is_secret else f", not {raw[:MAX_SHOWN_CHARACTERS]!r}"
            self.fault(f"{name} must be {error}{end}.")
        self.settings[name] = Setting(name, value, origin if raw else "default", is_secret)
        return value

    def text(self, name: str, default: str = "") -> str:
        return self.read(name, env_values.text, default)

    def integer(self, name: str, default: int, *, least: int = 1, most: int = NO_MOST) -> int:
        return self.read(name, partial(env_values.integer, least=least, most=most), default)

    def size(self, name: str, default: D, *, least: int = 1, most: int = NO_MOST) -> int | D:
        return self.read(name, partial(env_values.size, least=least, most=most), default)

    def seconds(self, name: str, default: int, *, least: int = 1, most: int = 86_400) -> int:
        return self.read(name, partial(env_values.duration, unit="s", least=least, most=most), default)

    def days(self, name: str, default: int, *, least: int = 0, most: int = 36_500) -> int:
        return self.read(name, partial(env_values.duration, unit="d", least=least, most=most), default)

    def boolean(self, name: str, default: bool) -> bool:
        return self.read(name, env_values.boolean, default)

    def choice(self, name: str, default: str, *, choices: tuple[str, ...]) -> str:
        return self.read(name, partial(env_values.choice, choices=choices), default)

    def key(self, name: str, *, required: bool = True) -> str:
        """A key of at least SECRET_CHARACTERS. It keeps the line end of its file: signatures were made with it."""
        value, origin = self._raw(name)
        if len(value) < SECRET_CHARACTERS and (value or required):
            self.fault(
                f"{name} is missing or shorter than {SECRET_CHARACTERS} characters. `make run` writes one to "
                f"$DATA_DIR/secrets.env; anywhere else set {name} (or {name}_FILE) in the environment."
                if required
                else f"{name} must have {SECRET_CHARACTERS} characters or more."
            )
        origin = origin if value else "default"
        self.settings[name] = Setting(name, value, origin, is_secret=True)
        return value

    def token(self, name: str) -> str:
        """What a program sends with each request. Unlike a key it has no line end, which no header can carry."""
        return self.read(name, partial(env_values.token, least=SECRET_CHARACTERS), "", is_secret=True)

    def keys(self, name: str) -> list[str]:
        return self.read(name, env_values.names, [], is_secret=True)

    def url(self, name: str, parse: Callable[[str], T], default: str = "") -> T:
        """The URL may hold a password: `parse` raises ImproperlyConfigured, whose message must not repeat it."""
        url = self.read(name, env_values.text, default)
        without_password = re.sub(r"(//[^:/@]*):.*@", r"\1:***@", url, flags=re.DOTALL)
        self.settings[name] = replace(self.settings[name], value=without_password)
        try:
            return parse(url)
        except ImproperlyConfigured as error:
            self.fault(str(error))
            return parse(default)

    # ---- Faults -----------------------------------------------------------------------------------

    def fault(self, sentence: str) -> None:
        self._faults.append(sentence)

    def warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def refuse_unknown(self, others: Iterable[str]) -> None:
        """Call after the last setting was read. `others` are patterns of names that are not of this project."""
        foreign = re.compile("|".join(others))
        for name in self._environ:
            known = name.removesuffix("_FILE") if name.removesuffix("_FILE") in self.settings else name
            if known in self.settings or foreign.fullmatch(name):
                continue
            origin = self._origins.get(name)
            if meant := difflib.get_close_matches(name, self.settings, 1, 0.6 if origin else MISSPELT_RATIO):
                self.fault(f"{name} ({origin or 'environment'}) is no setting. Did you mean {meant[0]}?")
            elif origin:
                self.fault(f"{name} ({origin}) is no setting of this store. Remove the line.")

    def finish(self) -> list[Setting]:
        """All settings that were read. Raises ImproperlyConfigured with a line for each fault."""
        if self._faults:
            raise ImproperlyConfigured("\n".join(dict.fromkeys(self._faults)))
        return sorted(self.settings.values(), key=lambda setting: setting.name)
