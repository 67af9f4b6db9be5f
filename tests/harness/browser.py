"""A headless Chromium that asks nobody but the server under test."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
IS_INSTALLED = CHROMIUM is not None and DRIVER is not None
REASON = "Chromium and its chromedriver are not installed (Debian: chromium and chromium-driver)"
PATIENCE = 300
"""Seconds for a script: a busy machine may take longer than the 30 of the browser."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)

needs_chromium = pytest.mark.skipif(not IS_INSTALLED, reason=REASON)


@contextmanager
def browser(profile: Path) -> Iterator[webdriver.Chrome]:
    """The browser, with a profile of its own and its log kept."""
    assert CHROMIUM is not None, REASON
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    # With a named driver, selenium looks for none and so downloads none.
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


def prefer(driver: webdriver.Chrome, **features: str) -> None:
    """Set preferences of the user's system: `prefer(driver, color_scheme="dark")`."""
    chosen = [
        {"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()
    ]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": chosen})


def resize(driver: webdriver.Chrome, width: int, height: int, *, density: float = 1) -> None:
    """The size of the page in CSS pixels; windows have a smallest size, pages have none."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": density, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def requested(driver: webdriver.Chrome) -> list[str]:
    """The addresses of all that the page has loaded."""
    names: list[str] = driver.execute_script(
        "return performance.getEntries().filter((entry) => entry.initiatorType).map((entry) => entry.name)"
    )
    return names


def complaints(driver: webdriver.Chrome) -> list[str]:
    """New messages on the browser's console."""
    entries: list[dict[str, Any]] = driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium has it untyped
    return [json.dumps(entry) for entry in entries]
