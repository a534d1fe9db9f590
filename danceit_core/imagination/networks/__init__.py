"""The networks that paint and judge, their pose inputs, and their files."""
