"""The version of each stage's result: bump one when the same input and settings give another result.

The workflow hands a stage's version to its rules as a parameter, so that a bump re-runs that stage and what depends
on it; edits in the library alone never trigger a re-run. `tests/golden` fails when a result changes without a bump.
"""

STAGE_VERSIONS: dict[str, int] = {
    "demo": 2,
    "video": 4,
    "pose": 6,
    "cleaning": 5,
    "music": 4,
    "fragments": 4,
    "matcher": 2,
    "retrieval": 5,
    "alignment": 6,
    "plate": 1,
    "pose_gan": 4,
    "face_gan": 4,
    "rendering": 6,
    "group": 5,
    "evaluation": 6,
    "user_study": 2,
}
