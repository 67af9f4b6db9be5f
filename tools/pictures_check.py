"""Draws every mark of icon sets by the program and by Chromium, and counts those that differ.

    python tools/pictures_check.py node_modules [--every 10]

Marks are those of the installed sets and of the npm packages below the folder (`PACKAGES`). One differs if
more than 0.5 % of its pixels, on white, differ by more than 40 in a channel. Exits with 1 if more than 0.5 %
of the marks differ, or if one of them would be graded GOOD: a poor one gives way to another source.
"""

import argparse
import base64
import io
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import fontawesome_free_pack
import simple_icons_pack
from PIL import Image, ImageChops
from selenium import webdriver

from harness.browser import IS_INSTALLED, REASON, browser, resize
from logocache.bootstrap import available_processors
from logocache.images.pool import DecoderPool
from logocache.model import IconPurpose
from logocache.policy.acceptance import Grade, grade
from logocache.ports import NormalisedImage
from logocache.providers import iconify

PACKAGES = ("@iconify-json/logos", "devicon", "@lobehub/icons-static-svg")
TOLERANCE = 40
"""Difference of one channel that counts, of 255."""
MOST_PIXELS = 0.005
MOST_MARKS = 0.005
CELL = 512
"""Pixels of the side of a drawing, at most."""
COLUMNS, ROWS = 6, 4
STYLE = "body{margin:0;background:#fff}img{position:absolute}"
SECONDS = 60.0
"""Limit for one drawing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    package: str
    name: str
    svg: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    mark: Mark
    share: float
    """Of pixels that differ."""
    is_good: bool

    @property
    def differs(self) -> bool:
        return self.share > MOST_PIXELS


def marks(folder: Path) -> Iterator[Mark]:
    """The marks of the installed sets, then of the packages below `folder`."""
    for module, prefix in ((simple_icons_pack, "SI_"), (fontawesome_free_pack, "BRANDS_")):
        for name, icon in sorted(vars(module).items()):
            if name.startswith(prefix) and hasattr(icon, "svg"):
                yield Mark(package=module.__name__, name=name, svg=icon.svg.encode())
    for package in PACKAGES:
        sets = folder / package / "icons.json"
        if sets.exists():
            icons = iconify.load(sets)
            drawn = ((slug, icons.svg(slug)) for slug in sorted(icons.icons))
            yield from (Mark(package=package, name=slug, svg=svg.encode()) for slug, svg in drawn if svg)
        else:
            for path in sorted((folder / package / "icons").rglob("*.svg")):
                yield Mark(package=package, name=path.stem, svg=path.read_bytes())


def batches(chosen: Iterable[Mark]) -> Iterator[list[Mark]]:
    rest = iter(chosen)
    while batch := list(itertools.islice(rest, COLUMNS * ROWS)):
        yield batch


def compared(
    chosen: Iterable[Mark], images: DecoderPool, driver: webdriver.Chrome, refused: Counter[str]
) -> Iterator[Compared]:
    """The marks that the program draws; `refused` counts the others by reason."""

    def draw(mark: Mark) -> NormalisedImage | str:
        image = images.normalise(mark.svg, deadline=time.monotonic() + SECONDS)
        return image if isinstance(image, NormalisedImage) else image.reason

    with ThreadPoolExecutor(available_processors()) as pool:
        for batch in batches(chosen):
            drawn = []
            for mark, image in zip(batch, pool.map(draw, batch), strict=True):
                if isinstance(image, NormalisedImage):
                    drawn.append((mark, image))
                else:
                    refused[image] += 1
            for (mark, image), reference in zip(drawn, references(drawn, driver), strict=True):
                is_good = image.flaw is None and grade(image.source, IconPurpose.LOGO) is Grade.GOOD
                yield Compared(mark=mark, share=difference(on_white(image.png), reference), is_good=is_good)


def references(
    drawn: Sequence[tuple[Mark, NormalisedImage]], driver: webdriver.Chrome
) -> Iterator[Image.Image]:
    """The same marks as Chromium draws them on white, in the size of ours."""
    pictures = "".join(
        f'<img style="left:{column * CELL}px;top:{row * CELL}px;{sides(image)}" '
        f'src="data:image/svg+xml;base64,{base64.b64encode(mark.svg).decode()}">'
        for (row, column), (mark, image) in zip(cells(), drawn, strict=False)
    )
    page = f"<style>{STYLE}</style>{pictures}"
    driver.get(f"data:text/html;base64,{base64.b64encode(b'<!doctype html>').decode()}")
    driver.execute_async_script(
        "document.documentElement.innerHTML = arguments[0];"
        "const drawn = [...document.images].map((image) => image.decode().catch(() => null));"
        "Promise.all(drawn).then(() => requestAnimationFrame(() => requestAnimationFrame(arguments[1])));",
        page,
    )
    with Image.open(io.BytesIO(driver.get_screenshot_as_png())) as shown:
        sheet = shown.convert("RGB")
    for (row, column), (_, image) in zip(cells(), drawn, strict=False):
        left, top = column * CELL, row * CELL
        yield sheet.crop((left, top, left + image.width, top + image.height))


def sides(image: NormalisedImage) -> str:
    """The longer side in CSS. The other follows, and need not be whole pixels."""
    if image.width >= image.height:
        return f"width:{image.width}px"
    return f"height:{image.height}px"


def cells() -> Iterator[tuple[int, int]]:
    return itertools.product(range(ROWS), range(COLUMNS))


def on_white(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png)) as image:
        drawn = image.convert("RGBA")
    ground = Image.new("RGBA", drawn.size, "white")
    return Image.alpha_composite(ground, drawn).convert("RGB")


def difference(ours: Image.Image, theirs: Image.Image) -> float:
    """The share of pixels of which a channel differs by more than the tolerance."""
    bands = (
        band.point([value > TOLERANCE for value in range(256)])
        for band in ImageChops.difference(ours, theirs).split()
    )
    red, green, blue = bands
    differing = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    return differing.histogram()[1] / (ours.width * ours.height)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="node_modules with the packages")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="look at every Nth mark only")
    given = parser.parse_args()
    if not IS_INSTALLED:
        print(f"skipped: {REASON}")
        return 0
    refused: Counter[str] = Counter()
    results: list[Compared] = []
    images = DecoderPool(
        workers=available_processors(),
        max_pixels=12_000_000,
        decode_timeout=SECONDS,
        memory_bytes=512_000_000,
    )
    try:
        with tempfile.TemporaryDirectory() as profile, browser(Path(profile)) as driver:
            resize(driver, COLUMNS * CELL, ROWS * CELL)
            chosen = itertools.islice(marks(given.folder), 0, None, given.every)
            results = list(compared(chosen, images, driver, refused))
    finally:
        images.close()
    return report(results, refused)


def report(results: Sequence[Compared], refused: Counter[str]) -> int:
    """Print the counts and each mark that differs; return the exit code."""
    differing = [result for result in results if result.differs]
    for package, total in Counter(result.mark.package for result in results).items():
        others = sum(result.mark.package == package for result in differing)
        print(f"{package}: {total} marks drawn, {others} differ ({1 - others / total:.2%} the same)")
    for result in sorted(differing, key=lambda result: -result.share):
        graded = "GOOD" if result.is_good else "poor"
        name = f"{result.mark.package} {result.mark.name}"
        print(f"  {name}: {result.share:.1%} of its pixels differ, graded {graded}")
    for reason, count in refused.most_common():
        print(f"  not drawn: {count} × {reason}")
    share = len(differing) / max(len(results), 1)
    good = sum(result.is_good for result in differing)
    print(f"in all: {len(results)} marks, {1 - share:.2%} the same, {good} that differ are graded GOOD")
    return int(share > MOST_MARKS or good > 0)


if __name__ == "__main__":
    sys.exit(main())
