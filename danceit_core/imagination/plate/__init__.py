"""The plate: the empty room behind the target person, put together from their video, in one light."""
