"""The version of each stage's result: bump one when the same input and settings give another result.

The workflow hands a stage's version to its rules as a parameter, so that a bump re-runs that stage and what depends
on it; edits in the library alone never trigger a re-run. `tests/golden` fails when a result changes without a bump.
"""

STAGE_VERSIONS: dict[str, int] = {
    "demo": 1,
    "video": 3,
    "pose": 5,
    "cleaning": 5,
    "music": 3,
    "fragments": 4,
    "matcher": 2,
    "retrieval": 5,
    "alignment": 5,
    "plate": 1,
    "pose_gan": 3,
    "face_gan": 3,
    "rendering": 5,
    "group": 4,
    "evaluation": 5,
    "user_study": 1,
}
