"""Which file of a logo shows a variant of it, and how."""

from dataclasses import replace

from logocache.model import StoredFile, StoredForm
from logocache.queries import ImageFormat, Theme, Variant


def form_for(
    file: StoredFile, variant: Variant, *, or_picture: bool = True
) -> tuple[StoredForm, Variant] | None:
    """Return the form, and the variant of it, that show `variant` of the logo.

    An SVG is sent as it is kept, whatever its size. Where a logo has none that can be seen, it is a picture
    (PNG) with `or_picture`, else None.
    """
    if variant.format is ImageFormat.SVG:
        if file.svg is not None and (variant.theme is Theme.LIGHT or file.shows_on_dark):
            return file.svg, Variant(format=ImageFormat.SVG)
        if not or_picture:
            return None
        variant = variant.as_picture
    if variant.theme is Theme.LIGHT or file.shows_on_dark is None:
        return file, variant
    # A JPEG still gets a dark ground.
    plain = variant if variant.format is ImageFormat.JPG else replace(variant, theme=Theme.LIGHT)
    if file.shows_on_dark:
        return file, plain
    return (file.dark, plain) if file.dark is not None else (file, variant)
