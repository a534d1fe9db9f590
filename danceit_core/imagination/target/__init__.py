"""The filmed target person: their frames on the plate, their place in each, and windows around them."""
