"""Screens that the pages are looked at on."""

PHONE = {"viewport": {"width": 390, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1280, "height": 800}}
