"""Opening a raster image with the one reader that its bytes call for."""

import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from logocache.images.inspect import ImageFormat
from logocache.images.refusal import ImageRefused, refusing


@contextmanager
def opened(body: bytes, image_format: ImageFormat) -> Iterator[Image.Image]:
    """The image with its header read and nothing decoded yet.

    Whatever is raised while it is read or used, in the `with` block too, becomes `ImageRefused`.
    """
    with refusing(f"a broken {image_format.upper()} file"):
        load_plugin(image_format)
        try:
            image = Image.open(io.BytesIO(body), formats=[image_format])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ImageRefused("it has more pixels than decoders may use") from error
        except UnidentifiedImageError as error:
            raise ImageRefused(f"a broken {image_format.upper()} file: its header cannot be read") from error
        with image:
            yield image


def load_plugin(image_format: ImageFormat) -> None:
    """Import its reader and writer alone: Pillow would load all there are, which takes 100 ms."""
    match image_format:
        case ImageFormat.WEBP:
            importlib.import_module("PIL.WebPImagePlugin")
        case ImageFormat.ICO:
            importlib.import_module("PIL.IcoImagePlugin")
        case ImageFormat.AVIF:
            plugin = importlib.import_module("PIL.AvifImagePlugin")
            # By default it takes a thread for each processor, and address space for each one's stack.
            vars(plugin)["DEFAULT_MAX_THREADS"] = 1
