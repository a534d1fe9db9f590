"""The version of each stage's result: bump one when the same input and settings give a different result.

The workflow passes a stage's version to its rules as a parameter, so a bump re-runs that stage and everything that
depends on it; edits of the library alone never trigger a re-run. `tests/golden` fails when a result changes without a
bump.
"""

STAGE_VERSIONS: dict[str, int] = {
    "demo": 2,
    "video": 5,
    "pose": 6,
    "cleaning": 5,
    "music": 5,
    "fragments": 6,
    "matcher": 3,
    "retrieval": 9,
    "alignment": 9,
    "plate": 2,
    "pose_gan": 6,
    "face_gan": 5,
    "rendering": 8,
    "group": 7,
    "evaluation": 10,
    "user_study": 5,
}
