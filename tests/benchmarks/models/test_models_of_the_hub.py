"""Any model of the hub by its id: fetched from a hub that runs here, recorded with its commit, local from then on."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.models import registry

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Speaks as much of the hub's interface as a download needs, over folders; remembers the paths it was asked."""

    def __init__(self, repositories: dict[str, Path]) -> None:
        self.asked: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.answer(self, repositories, body=True)

            def do_HEAD(self) -> None:
                hub.answer(self, repositories, body=False)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, request: BaseHTTPRequestHandler, repositories: dict[str, Path], *, body: bool) -> None:
        """Replies with a repository's description or one of its files."""
        path = request.path.partition("?")[0]
        self.asked.append(path)
        for name, folder in repositories.items():
            paths = sorted(folder.iterdir())
            files = [file.name for file in paths]
            if path.startswith(f"/api/models/{name}/tree"):
                tree = [
                    {"type": "file", "path": file.name, "size": file.stat().st_size, "oid": "0" * 40} for file in paths
                ]
                _reply(request, json.dumps(tree).encode(), body, {})
                return
            if path.startswith(f"/api/models/{name}"):
                told = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": file} for file in files]}
                _reply(request, json.dumps(told).encode(), body, {})
                return
            start, _, file = path.rpartition("/")
            if start == f"/{name}/resolve/{COMMIT}" and file in files:
                content = (folder / file).read_bytes()
                mark = hashlib.sha256(content).hexdigest()
                _reply(request, content, body, {"ETag": f'"{mark}"', "X-Repo-Commit": COMMIT})
                return
        request.send_error(404)


def _reply(request: BaseHTTPRequestHandler, content: bytes, body: bool, headers: dict[str, str]) -> None:
    request.send_response(200)
    for key, value in {**headers, "Content-Length": str(len(content))}.items():
        request.send_header(key, value)
    request.end_headers()
    if body:
        request.wfile.write(content)


@pytest.fixture
def hub(make_tiny: Callable[..., Path], tmp_path: Path) -> Iterator[Hub]:
    """A hub with a whole model and one that has pickled weights only."""
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for name in ("config.json", "tokenizer.json", "pytorch_model.bin"):
        (pickled / name).write_text("{}")
    served = Hub({"Owner/Tiny-1B": make_tiny(tmp_path / "whole"), "Owner/Pickled": pickled})
    threading.Thread(target=served.server.serve_forever, daemon=True).start()
    yield served
    served.server.shutdown()


def pull(name: str, hub: Hub, home: Path) -> subprocess.CompletedProcess[str]:
    """The command, ended, with this hub for the hub."""
    there = {**os.environ, "HF_ENDPOINT": hub.url, "ADVISOR_HOME": str(home), "HF_HUB_OFFLINE": "0"}
    command = [sys.executable, "-m", "advisor.cli", "models", "pull", name]
    return subprocess.run(command, env=there, capture_output=True, text=True, check=False)


def test_a_model_is_fetched_by_its_id_and_known_by_its_commit(hub: Hub, tmp_path: Path) -> None:
    """Its origin names repository and commit; a second pull and every use ask nobody."""
    home = tmp_path / "home"
    done = pull("hub:Owner/Tiny-1B", hub, home)
    assert done.returncode == 0, done.stderr
    asked = len(hub.asked)
    assert pull("hub:Owner/Tiny-1B", hub, home).returncode == 0
    files = registry.resolve("hub:Owner/Tiny-1B", home=home / "models")
    assert len(hub.asked) == asked
    assert files.origin.source == f"Owner/Tiny-1B at {COMMIT}"
    assert files.name == "hub--owner--tiny-1b"
    assert registry.resolve(files.name, home=home / "models").content_hash == files.content_hash
    listed = {one.name: one.summary for one in registry.listing(home / "models")}
    assert listed[files.name] == f"Owner/Tiny-1B at {COMMIT}"


def test_a_repository_with_pickled_weights_alone_leaves_nothing_behind(hub: Hub, tmp_path: Path) -> None:
    """Such weights can run code: they are not even fetched, and the message says what is allowed."""
    done = pull("hub:Owner/Pickled", hub, tmp_path / "home")
    assert done.returncode == 2
    assert "holds no weights; allowed: *.safetensors" in done.stderr
    assert not any(path.endswith(".bin") for path in hub.asked)
    assert list((tmp_path / "home" / "models").iterdir()) == []


def test_an_unknown_repository_fails_with_the_hubs_reason(hub: Hub, tmp_path: Path) -> None:
    """The job has failed, not the program."""
    done = pull("hub:Owner/Nothing", hub, tmp_path / "home")
    assert done.returncode == 4
    assert "could not be fetched" in done.stderr
    assert "404" in done.stderr


@pytest.mark.parametrize(
    "name", ["hub:", "hub:../x", "hub:a/b/c", "hub:a/b@", "hub:a b", "hub:a/..", "hub:/etc/passwd"]
)
def test_what_is_no_id_is_refused_before_anybody_is_asked(name: str, tmp_path: Path) -> None:
    """Neither a path out of the home nor an address."""
    for use in (registry.resolve, registry.pull):
        with pytest.raises(BenchmarkError, match="no id of the hub"):
            use(name, home=tmp_path)


def test_an_id_without_its_prefix_is_told_how_to_write_it(tmp_path: Path) -> None:
    """OWNER/NAME reads as a path; where no such folder is, the message shows the form for the hub."""
    with pytest.raises(BenchmarkError, match="hub:Owner/Tiny-1B"):
        registry.resolve("Owner/Tiny-1B", home=tmp_path)
    with pytest.raises(BenchmarkError, match="advisor models pull hub:Owner/Tiny-1B"):
        registry.resolve("hub:Owner/Tiny-1B", home=tmp_path)
