"""Where the bytes of an upload arrive."""

from images.tests.helpers import in_staging
from images.uploads.staging import stage_copy


def test_a_copied_file_is_staged_with_its_hashes(tmp_path):
    source = tmp_path / "photo.jpg"
    source.write_bytes(b"abc")
    with stage_copy(source) as staged:
        assert (staged.name, staged.size) == ("photo.jpg", 3)
        assert staged.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert in_staging() == []
