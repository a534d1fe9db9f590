"""What operating systems leave beside the user's files is told apart from these."""

import pytest

from danceit_core.input_files import is_stray


@pytest.mark.parametrize(
    "name",
    [
        "._dance_000000000012_keypoints.json", ".DS_Store", "Thumbs.db", "THUMBS.DB", "ehthumbs.db", "desktop.ini",
        "Desktop.ini", ".hidden.mp4", "__MACOSX/folder/dance_1.json", "a/__macosx/x.json", ".git/config", "a\\.b\\c.mp4",
        "Icon\r", "$RECYCLE.BIN/x.mp4", "@eaDir/dance.mp4",
    ],
)  # fmt: skip
def test_left_by_a_system(name):
    assert is_stray(name)


@pytest.mark.parametrize(
    "name", ["dance.mp4", "a/b/dance_1.json", "../dance.mp4", "./dance.mp4", "macosx.mp4", "_.mp4", "my thumbs.db.mp4"]
)
def test_the_users_own(name):
    assert not is_stray(name)
