"""Pure: sizes in words, for people."""

STEP = 1000
SIZE_UNITS = ("kB", "MB", "GB", "TB")
"""Each 1000 times the one before, as in LOGO_CACHE_MAX_SIZE_MB."""


def size(amount: float) -> str:
    """Bytes in the unit that leaves one to three digits before the point: `1.2 MB`."""
    unit = "B"
    for larger in SIZE_UNITS:
        if round(amount, 1) < STEP:
            break
        amount, unit = amount / STEP, larger
    return f"{amount:.1f} {unit}".replace(".0 ", " ")
