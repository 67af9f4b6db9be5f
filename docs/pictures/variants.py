"""Draw logos of a cache in several looks: `python docs/pictures/variants.py LOGOS SHEET.png`.

`nox -s pictures` makes the picture of docs/http.md with it.
"""

import io
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from logocache import Settings, Shape, Variant, open_cache

KEYS = ("shopify", "slack", "visa", "stripe", "paypal", "aws", "github", "fedex", "hubspot", "notion")
LOOKS = {
    "size=64": Variant(size=64),
    "shape=square": Variant(size=64, shape=Shape.SQUARE),
    "… padding=15": Variant(size=64, shape=Shape.SQUARE, padding=15),
    "… background=white": Variant(size=64, shape=Shape.SQUARE, padding=15, background="white"),
    "… background=dbe7ff": Variant(size=64, shape=Shape.SQUARE, padding=15, background="dbe7ff"),
}
CELL, LABEL, TILE = 84, 170, 8
INK, PAPER, PALE = "#1F2328", "#FFFFFF", "#E6E8EB"


def main(directory: Path, sheet: Path) -> None:
    """Write the sheet: a row for each look, on a checkerboard that shows what is transparent."""
    picture = Image.new("RGB", (LABEL + len(KEYS) * CELL, len(LOOKS) * CELL), PAPER)
    pen = ImageDraw.Draw(picture)
    for left in range(LABEL, picture.width, TILE):
        for top in range((left - LABEL) % (2 * TILE), picture.height, 2 * TILE):
            pen.rectangle((left, top, left + TILE - 1, top + TILE - 1), fill=PALE)
    font = ImageFont.load_default(size=14)
    with open_cache(Settings(dir=directory)) as cache:
        for row, (label, look) in enumerate(LOOKS.items()):
            middle = row * CELL + CELL // 2
            pen.text((8, middle), label, fill=INK, font=font, anchor="lm")
            for column, key in enumerate(KEYS):
                drawn = cache.image(key, look)
                if drawn is None:
                    raise SystemExit(f"there is no logo of {key!r} in {directory}")
                with Image.open(io.BytesIO(drawn)) as image:
                    logo = image.convert("RGBA")
                place = (LABEL + column * CELL + (CELL - logo.width) // 2, middle - logo.height // 2)
                picture.paste(logo, place, logo)
    picture.quantize(256).save(sheet, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
