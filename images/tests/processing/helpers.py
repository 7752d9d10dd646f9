"""What several tests of processing assert."""

from PIL import Image, ImageChops, ImageStat


def assert_alike(picture: Image.Image, expected: Image.Image, within: float = 4) -> None:
    assert picture.size == expected.size
    assert max(ImageStat.Stat(ImageChops.difference(picture.convert("RGB"), expected)).mean) < within
