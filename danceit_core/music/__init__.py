"""What is heard: audio features and beats (paper III)."""
