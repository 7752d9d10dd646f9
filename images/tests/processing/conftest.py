"""What several tests of processing need."""

from io import BytesIO

import pytest
from PIL import Image

from images.processing import Limits, jxl
from images.processing.probe import probe
from images.processing.render import render

# As a child does before it enters the sandbox: these tests process pictures without one.
jxl.load_library()


@pytest.fixture
def processed(tmp_path):
    """What the probe says, and the largest size."""

    def write_and_process(content, limits=Limits()):  # noqa: B008
        path = tmp_path / "upload"
        path.write_bytes(content)
        found, result = probe(path, limits), render(path, tmp_path, limits)
        assert (found.width, found.height) == (result.width, result.height)
        return found, Image.open(BytesIO((tmp_path / result.variants["large"].file).read_bytes()))

    return write_and_process
