"""Draw logos of a cache on one sheet: `python docs/pictures/contact_sheet.py LOGOS SHEET.png`.

`nox -s pictures` makes the README's picture with it.
"""

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from logocache import Settings, open_cache
from logocache.model import Logo

COLUMNS = 12
MOST_ROWS = 12
CELL = 116
LOGO = 72
INK, PAPER, PALE = "#1F2328", "#FFFFFF", "#8B949E"


def main(directory: Path, sheet: Path) -> None:
    """Write the sheet: the first real logos, then placeholders, each with its key."""
    with open_cache(Settings(dir=directory)) as cache:
        found = [cache.get(entry.key) for entry in cache.list().entries]
    logos = sorted(filter(None, found), key=lambda logo: (logo.record.status, logo.record.key))
    del logos[COLUMNS * MOST_ROWS :]
    rows = -(-len(logos) // COLUMNS)
    picture = Image.new("RGB", (COLUMNS * CELL, rows * CELL), PAPER)
    for place, logo in enumerate(logos):
        row, column = divmod(place, COLUMNS)
        picture.paste(cell_of(logo), (column * CELL, row * CELL))
    picture.quantize(256).save(sheet, optimize=True)


def cell_of(logo: Logo) -> Image.Image:
    cell = Image.new("RGB", (CELL, CELL), PAPER)
    with Image.open(logo.path) as image:
        small = image.convert("RGBA")
        small.thumbnail((LOGO, LOGO))
    cell.paste(small, ((CELL - small.width) // 2, 10 + (LOGO - small.height) // 2), small)
    ink = INK if logo.record.status == "cached" else PALE
    font = ImageFont.load_default(size=12)
    ImageDraw.Draw(cell).text((CELL // 2, CELL - 18), logo.record.key, fill=ink, font=font, anchor="mm")
    return cell


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
