"""Write the fingerprints of default icons (`operations/default_icons.csv`) that `default_icons.toml` lists.

python tools/default_icons.py FOLDER        FOLDER keeps the packages; those that lie there are not downloaded

Needs npm, pip and, on Debian, apt and dpkg for what is missing. Of the icons only digests and looks are kept
(`policy.looks`): numbers that tell a copy, and from which no icon can be made again.
"""

import argparse
import csv
import fnmatch
import hashlib
import io
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from logocache.images.normalise import normalise
from logocache.operations.default_icons import FILE
from logocache.policy.looks import MOST_OF_COPIES, difference, samples_of
from logocache.ports import NormalisedImage

LIST = Path(__file__).with_suffix(".toml")
COLUMNS = ("name", "owners", "origin", "fingerprint", "look")
MAX_PIXELS = 50_000_000
FLAT = ("0" * 192, "3" * 192, "/" * 192)
"""Looks of black, of our dark ground, and of white: what is near one of them has too little of its own."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(exist_ok=True)
    listed = tomllib.loads(LIST.read_text(encoding="utf-8"))
    rows = [row for name, (facts,) in listed.items() for row in rows_of(name, facts, folder)]
    with FILE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    print(f"{len(rows)} fingerprints of {len(listed)} frameworks and hosts")
    return 0


def rows_of(name: str, facts: Mapping[str, object], folder: Path) -> Iterator[tuple[str, ...]]:
    owners = " ".join(facts["owners"])  # type: ignore[arg-type]  # tests hold the file's form
    seen: set[str] = set()
    looks: list[tuple[int, ...]] = []
    for registry, files in (("npm", npm_files), ("pypi", pypi_files), ("debian", debian_files)):
        for package, patterns in facts.get(registry, {}).items():  # type: ignore[attr-defined]  # as above
            found = False
            for path, body in files(package, folder):
                if not any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns) or not body:
                    continue
                found = True
                digest = hashlib.sha256(body).hexdigest()
                image = normalise(body, max_pixels=MAX_PIXELS)
                if digest in seen or not isinstance(image, NormalisedImage):
                    continue
                seen.add(digest)
                samples = samples_of(image.look)
                is_new = all(difference(samples, other) > MOST_OF_COPIES // 3 for other in looks)
                is_plain = any(difference(samples, samples_of(flat)) < 2 * MOST_OF_COPIES for flat in FLAT)
                look = image.look if is_new and not is_plain else ""
                looks += [samples] if look else []
                yield name, owners, f"{registry}:{package}", digest, look
            if not found:
                sys.exit(f"{registry}:{package} has none of {', '.join(patterns)}")
    for digest in facts.get("md5", ()):  # type: ignore[attr-defined]  # as above
        yield name, owners, "recog", digest, ""
    for url in facts.get("urls", ()):  # type: ignore[attr-defined]  # as above
        yield name, owners, "url", url, ""


def npm_files(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    name, _, version = package.rpartition("@")
    archive = folder / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
    if not archive.exists():
        run("npm", "pack", "--silent", "--pack-destination", str(folder), package)
    with tarfile.open(archive) as packed:
        for path, body in members(packed):
            yield path.partition("/")[2], body


def pypi_files(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    name, _, version = package.partition("==")
    pattern = f"{name.replace('-', '_').replace('.', '_')}-{version}-*.whl"
    if not any(fnmatch.fnmatch(path.name.lower(), pattern) for path in folder.iterdir()):
        run("pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d", str(folder), package)
    wheel = next(path for path in folder.iterdir() if fnmatch.fnmatch(path.name.lower(), pattern))
    with zipfile.ZipFile(wheel) as packed:
        for path in packed.namelist():
            yield path, packed.read(path)


def debian_files(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    if not any(folder.glob(f"{package}_*.deb")):
        run("apt-get", "download", package, cwd=folder)
    archive = max(folder.glob(f"{package}_*.deb"))
    with tarfile.open(fileobj=io.BytesIO(run("dpkg-deb", "--fsys-tarfile", str(archive)))) as packed:
        for path, body in members(packed):
            if not path.endswith(".jar"):
                yield path, body
                continue
            with zipfile.ZipFile(io.BytesIO(body)) as jar:
                yield from ((f"{path}/{name}", jar.read(name)) for name in jar.namelist())


def members(packed: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    for member in packed:
        file = packed.extractfile(member) if member.isfile() else None
        if file is not None:
            yield member.name, file.read()


def run(*command: str, cwd: Path | None = None) -> bytes:
    return subprocess.run(command, check=True, cwd=cwd, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main())
