"""The person's own pixels, carried from one pose to another."""
