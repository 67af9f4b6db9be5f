"""The Protocols between the boxes: what each may ask of another, and what it promises."""

from collections.abc import Callable
from datetime import datetime

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""
