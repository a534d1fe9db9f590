"""The cross-modal matcher: which dance goes with which music (paper IV-B)."""
