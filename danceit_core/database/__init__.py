"""The fragment database: fragments of dance with their sound, cut from the cleaned videos (paper III-A)."""
