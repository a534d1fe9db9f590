"""The filmed target person: their frames on the plate, where they are in them, and windows around them."""
