"""Music analysis: audio features, beats, bars and sections (paper III)."""
