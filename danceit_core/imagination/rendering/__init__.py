"""From poses to pictures to a video."""
