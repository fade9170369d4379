"""A folder for PYTHONPATH: what stands here runs before a bot. Nothing imports it from hlsim."""

from __future__ import annotations
