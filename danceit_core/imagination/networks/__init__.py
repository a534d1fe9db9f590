"""The networks that paint and judge, what they are shown of a pose, and their files."""
