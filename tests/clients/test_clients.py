"""Clients that generators make from the schema can do what people do: from the account to the deleted picture."""

import base64
import importlib
import io
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from images.tests.pictures import jpeg_bytes
from tests.people import PASSWORD
from tests.servers import ROOT, Server

HERE = Path(__file__).parent
TOO_LONG_SECONDS = 120


def run(*command: str | Path, folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TOO_LONG_SECONDS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def new_address() -> str:
    return f"{uuid.uuid4().hex}@example.org"


@pytest.fixture
def made(schema_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that imports a module of the generated Python client."""
    settings = HERE / "openapi-python-client.yaml"
    run(
        sys.executable, "-m", "openapi_python_client", "generate", "--path", schema_file, "--meta", "none",
        "--output-path", tmp_path / "made_client", "--config", settings, "--fail-on-warning", folder=tmp_path,
    )  # fmt: skip
    monkeypatch.syspath_prepend(tmp_path)
    return lambda module: importlib.import_module(f"made_client.{module}")


def test_a_python_client_does_all_from_sign_up_to_deletion(server: Server, made: Any) -> None:
    models, address = made("models"), new_address()
    with made("client").Client(base_url=server.url) as client:
        registration = models.RegistrationRequest(address, PASSWORD)
        login = made("api.auth.auth_register_create").sync(client=client, body=registration)
    assert login.user.email == address
    with made("client").AuthenticatedClient(base_url=server.url, token=login.access) as client:
        keep_a_picture(client, models, made)


def keep_a_picture(client: Any, models: Any, made: Any) -> None:
    def call(name: str, *ids: Any, **options: Any) -> Any:
        return made(f"api.{name}").sync_detailed(*ids, client=client, **options)

    album = call("albums.albums_create", body=models.AlbumRequest(title="Sea")).parsed
    assert [each.id for each in call("albums.albums_list").parsed.results] == [album.id]

    photo = jpeg_bytes(31, 17)
    file = made("types").File(io.BytesIO(photo), "sea.jpg", "image/jpeg")
    upload = call("images.albums_images_create", album.id, body=models.UploadRequest(file, caption="Waves"))
    assert (upload.status_code, upload.parsed.caption) == (201, "Waves")
    image = upload.parsed
    assert [each.id for each in call("images.albums_images_list", album.id).parsed.results] == [image.id]
    assert call("images.images_file_retrieve", image.id).parsed.payload.read() == photo

    assert call("images.images_destroy", image.id, permanent=True).status_code == 204
    assert call("images.images_retrieve", image.id).parsed.code == "not_found"


def test_a_typescript_client_does_all_from_sign_up_to_deletion(
    server: Server, schema_file: Path, tmp_path: Path
) -> None:
    programs = ROOT / "node_modules/.bin"
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "journey.ts").write_text((HERE / "journey.ts").read_text())
    run(programs / "openapi-typescript", schema_file, "--output", "schema.ts", folder=tmp_path)
    # Only declarations (.d.ts) of libraries are not checked: that would take four times as long.
    run(
        programs / "tsc", "--strict", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler",
        "--skipLibCheck", "journey.ts", folder=tmp_path,
    )  # fmt: skip
    photo = base64.b64encode(jpeg_bytes(29, 19)).decode()
    run("node", "journey.js", server.url, new_address(), PASSWORD, photo, folder=tmp_path)
