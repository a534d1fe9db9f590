"""The version of each stage's result: bump one when the same input and settings give another result.

The workflow hands a stage's version to its rules as a parameter, so that a bump re-runs that stage and what depends
on it; edits in the library alone never trigger a re-run. `tests/golden` fails when a result changes without a bump.
"""

STAGE_VERSIONS: dict[str, int] = {
    "demo": 1,
    "video": 2,
    "pose": 3,
    "cleaning": 3,
    "music": 2,
    "fragments": 2,
    "matcher": 2,
    "retrieval": 3,
    "alignment": 3,
    "pose_gan": 3,
    "face_gan": 3,
    "rendering": 4,
    "group": 3,
    "evaluation": 3,
    "user_study": 1,
}
