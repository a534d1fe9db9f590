"""The filmed target person: frames, the empty room behind them, where they are, whether the video serves."""
