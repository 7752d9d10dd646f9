"""Requests and answers between server and child: JSON, which the server checks when it arrives.

Never use pickle: a child that a hostile picture has taken over could run code in the server.
"""

import errno
import json
import stat
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from .dates import MOST_OFFSET_MINUTES
from .errors import BY_CODE, Crashed, OverLimits
from .results import (
    DAMAGE_CODES,
    EXPOSURE_RANGES,
    EXTENSIONS,
    TAKEN_FROM,
    Damage,
    Exposure,
    Limits,
    Probed,
    Rendered,
    RenderedVariant,
    Taken,
)
from .sizes import MOST_PANORAMA_PX, SIZES, file_name

MAX_MESSAGE_BYTES = 32 * 1024

_VARIANT_TYPES = {"image/jpeg", "image/webp"}
_MAX_SIDE_PX = 2**31
_DAMAGE_LENGTH = 255


def request(job: str, path: Path, out_dir: Path | None, limits: Limits, options: dict[str, Any]) -> bytes:
    """`job` is "module:function". Paths are made absolute, because the child's working folder differs."""
    folder = str(out_dir.absolute()) if out_dir else None
    return json.dumps(
        {"job": job, "path": str(path.absolute()), "out_dir": folder, "limits": asdict(limits), "options": options}
    ).encode()


def answer(work: Callable[[], Any]) -> bytes:
    """Do the work, and encode its result or its exception as an answer."""
    try:
        message: dict[str, Any] = {"result": asdict(work())}
    except MemoryError:
        message = {"error": OverLimits.code, "detail": OverLimits.detail}
    except OSError as error:
        if error.errno == errno.EFBIG:
            message = {"error": OverLimits.code, "detail": OverLimits.detail}
        else:
            message = {"errno": error.errno or 0, "detail": error.strerror or str(error)}
    except Exception as error:
        code = getattr(error, "code", Crashed.code)
        message = {"error": code, "detail": getattr(error, "detail", Crashed.detail)}
    return json.dumps(message).encode()


def open_answer(message: bytes) -> dict[str, Any]:
    """The result in an answer. Raises the error in the answer, or `Crashed` when it cannot be decoded."""
    try:
        fields = json.loads(message)
        if "result" in fields:
            return _dict(fields["result"])
        if "errno" in fields:
            error: Exception = OSError(_int(fields["errno"], 0, 4096), _str(fields["detail"], 500))
        else:
            error = BY_CODE[_str(fields["error"], 50)](_str(fields["detail"], 500))
    except (ValueError, KeyError, TypeError, RecursionError) as malformed:
        raise Crashed from malformed
    raise error


def probed(fields: dict[str, Any]) -> Probed:
    """Checks each field. Raises `ValueError`, `KeyError` or `TypeError`."""
    taken = fields["taken"]
    return Probed(
        content_type=_one_of(fields["content_type"], EXTENSIONS),
        width=_int(fields["width"], 1, _MAX_SIDE_PX),
        height=_int(fields["height"], 1, _MAX_SIDE_PX),
        taken=None if taken is None else _taken(_dict(taken)),
        camera=_str(fields["camera"], 100),
        lens=_str(fields["lens"], 100),
        exposure=_exposure(fields["exposure"]),
    )


def _exposure(fields: Any) -> Exposure | None:
    if fields is None:
        return None
    fields = _dict(fields)
    values = {name: _known(fields[name], *bounds) for name, bounds in EXPOSURE_RANGES.items()}
    if isinstance(values["iso"], float):
        raise TypeError("not a whole number")
    return Exposure(**values)


def _known(value: Any, lowest: float, highest: float) -> Any:
    """A number within its bounds, or None. NaN is within none."""
    if value is not None and (type(value) not in (int, float) or not lowest <= value <= highest):
        raise ValueError("not a number within its bounds")
    return value


def _taken(fields: dict[str, Any]) -> Taken:
    clock, offset = _str(fields["clock"], 40), fields["offset_minutes"]
    if datetime.fromisoformat(clock).tzinfo is not None:
        raise ValueError("a clock has no zone")
    return Taken(
        clock=clock,
        offset_minutes=None if offset is None else _int(offset, -MOST_OFFSET_MINUTES, MOST_OFFSET_MINUTES),
        source=_one_of(fields["source"], TAKEN_FROM),
    )


def rendered(fields: dict[str, Any], out_dir: Path, rotation: int = 0) -> Rendered:
    """Checks each field and file. Raises `ValueError`, `KeyError`, `TypeError` or `OSError`."""
    variants = _dict(fields["variants"])
    if set(variants) != set(SIZES):
        raise ValueError("not the sizes that were asked for")
    return Rendered(
        variants={name: _variant(_dict(variants[name]), out_dir, rotation) for name in SIZES},
        placeholder=_str(fields["placeholder"], 100),
        width=_int(fields["width"], 1, _MAX_SIDE_PX),
        height=_int(fields["height"], 1, _MAX_SIDE_PX),
        damage=_damage(fields["damage"]),
        lens=_str(fields["lens"], 100),
        exposure=_exposure(fields["exposure"]),
    )


def _damage(fields: Any) -> Damage | None:
    if fields is None:
        return None
    return Damage(_one_of(_dict(fields)["code"], DAMAGE_CODES), _str(fields["detail"], _DAMAGE_LENGTH))


def _variant(fields: dict[str, Any], out_dir: Path, rotation: int) -> RenderedVariant:
    content_type = _one_of(fields["content_type"], _VARIANT_TYPES)
    names = {file_name(name, EXTENSIONS[content_type], rotation) for name in SIZES}
    file = _one_of(fields["file"], names)
    file_stat = (out_dir / file).lstat()
    # Through a symbolic or hard link, the child could make the server read and serve another file.
    if not stat.S_ISREG(file_stat.st_mode) or file_stat.st_nlink != 1:
        raise ValueError("not a plain file")
    return RenderedVariant(
        file=file,
        width=_int(fields["width"], 1, MOST_PANORAMA_PX),
        height=_int(fields["height"], 1, MOST_PANORAMA_PX),
        content_type=content_type,
        bytes=_int(fields["bytes"], file_stat.st_size, file_stat.st_size),
    )


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _int(value: Any, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError("not a number within its bounds")
    return value


def _str(value: Any, longest: int) -> str:
    """Refuses lone surrogates and NULs, because databases do."""
    if not isinstance(value, str) or len(value) > longest or "\0" in value:
        raise ValueError("not a text within its bounds")
    value.encode()
    return value


def _one_of(value: Any, allowed: Any) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError("not one of the allowed values")
    return value
