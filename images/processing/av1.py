"""Reads the colour space out of an AV1 sequence header (AV1 specification, sections 5.3 to 5.5)."""

_SEQUENCE_HEADER = 1
_MAX_UNITS = 16


class _Bits:
    """Reads bits from the left. Bits behind the end are 0."""

    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content, "big")
        self._left = 8 * len(content)

    def read(self, count: int) -> int:
        self._left -= count
        mask = (1 << count) - 1
        return (self._value >> self._left) & mask if self._left >= 0 else 0

    def skip_uvlc(self) -> None:
        """Section 4.10.3."""
        zeros = 0
        while zeros < 32 and not self.read(1):
            zeros += 1
        self.read(zeros)


def colour_numbers(units: bytes) -> tuple[int, int] | None:
    """Primaries and transfer (H.273) that the first sequence header names; None when it names none."""
    for _ in range(_MAX_UNITS):
        if len(units) < 2:
            return None
        kind, has_extension, has_size = units[0] >> 3 & 15, units[0] & 4, units[0] & 2
        at = 2 if has_extension else 1
        size, at = _leb128(units, at) if has_size else (len(units) - at, at)
        if kind == _SEQUENCE_HEADER:
            return _numbers(units[at : at + size])
        units = units[at + size :]
    return None


def _leb128(content: bytes, at: int) -> tuple[int, int]:
    """Section 4.10.5: the number, and where it ends."""
    value = 0
    for index, byte in enumerate(content[at : at + 8]):
        value |= (byte & 0x7F) << (7 * index)
        if not byte & 0x80:
            return value, at + index + 1
    return value, at + 8


def _numbers(header: bytes) -> tuple[int, int] | None:
    """Section 5.5.1 up to the colour description of 5.5.2, whose names the comments give."""
    bits = _Bits(header)
    profile = bits.read(3)
    bits.read(1)
    reduced = bits.read(1)
    _skip_operating_points(bits, reduced)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    bits.read(width_bits + height_bits)
    _skip_tools(bits, reduced)
    high_bit_depth = bits.read(1)
    if profile == 2 and high_bit_depth:
        bits.read(1)  # twelve_bit
    if profile != 1:
        bits.read(1)  # mono_chrome
    return (bits.read(8), bits.read(8)) if bits.read(1) else None


def _skip_operating_points(bits: _Bits, reduced: int) -> None:
    if reduced:
        bits.read(5)
        return
    delay_bits = _skip_timing(bits)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)  # seq_tier
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)


def _skip_timing(bits: _Bits) -> int:
    """How many bits a buffer delay has; 0 without a decoder model."""
    if not bits.read(1):  # timing_info_present_flag
        return 0
    bits.read(64)
    if bits.read(1):  # equal_picture_interval
        bits.skip_uvlc()
    if not bits.read(1):  # decoder_model_info_present_flag
        return 0
    delay_bits = bits.read(5) + 1
    bits.read(32 + 5 + 5)
    return delay_bits


def _skip_tools(bits: _Bits, reduced: int) -> None:
    if not reduced and bits.read(1):  # frame_id_numbers_present_flag
        bits.read(4 + 3)
    bits.read(3)
    if not reduced:
        bits.read(4)
        has_order_hint = bits.read(1)
        bits.read(2 if has_order_hint else 0)
        chosen = bits.read(1)  # seq_choose_screen_content_tools
        if (chosen or bits.read(1)) and not bits.read(1):
            bits.read(1)  # seq_force_integer_mv
        bits.read(3 if has_order_hint else 0)
    bits.read(3)
