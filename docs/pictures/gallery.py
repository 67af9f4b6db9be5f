"""Take pictures of the gallery: `python docs/pictures/gallery.py LOGOS LIGHT.png DARK.png`.

`nox -s pictures` makes those of the README with it. It serves the cache in LOGOS on loopback, and looks
at it with a headless Chromium; besides logocache it needs selenium, and chromium with its chromedriver.
"""

import io
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from logocache import Settings
from logocache.server import create_app

WIDTH, HEIGHT, DENSITY = 1280, 860, 1.5
COLOURS = 256
"""So that a picture stays far below 400 kB."""
PATIENCE = 30
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-background-networking",
)
ALL_VISIBLE = """
return [...document.images].every(
  (image) => image.complete || image.getBoundingClientRect().top > innerHeight)
  && !document.querySelector("#tools").hidden
"""


def main(logos: Path, light: Path, dark: Path) -> None:
    """Write the gallery as it is in the light and in the dark scheme."""
    with serving(logos) as address, tempfile.TemporaryDirectory() as profile, browser(profile) as driver:
        for scheme, picture in (("light", light), ("dark", dark)):
            driver.execute_cdp_cmd(
                "Emulation.setEmulatedMedia",
                {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
            )
            driver.get(address)
            WebDriverWait(driver, PATIENCE).until(lambda page: page.execute_script(ALL_VISIBLE))
            with Image.open(io.BytesIO(driver.get_screenshot_as_png())) as shot:
                shot.convert("RGB").quantize(COLOURS).save(picture, optimize=True)


@contextmanager
def serving(logos: Path) -> Iterator[str]:
    app = create_app(Settings(dir=logos, offline=True, background_refresh=False))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def browser(profile: str) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit("chromium is not installed")
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    try:
        size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": DENSITY, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
