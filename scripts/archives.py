#!/usr/bin/env python3
"""Packs the programs of a release: an archive for this machine's architecture, and its SBOM in SPDX 2.3.

Usage: scripts/archives.py PROGRAMS DIRECTORY

PROGRAMS is what `scripts/build-image-files.sh PROGRAMS generalscaler-dev plugin-check` makes. The same programs make the same
files: owners, order and times are fixed. SOURCE_DATE_EPOCH, by default the time of the commit, is the time.
"""

import gzip
import io
import os
import pathlib
import platform
import re
import subprocess
import sys
import tarfile

import sbom
from project import NAMES_FILE, ROOT, read_names

TOOLS = ["generalscaler", "generalscaler-dev", "generalscaler-launch", "plugin-check"]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
VERSION_LINE = re.compile(r"generalscaler (\S+) \(commit (\S+), Swift (\S+)\)\n")

README = """# GeneralScaler {version}

Commit {commit}, built with Swift {swift} for Linux on {architecture}.

| program | purpose |
|---|---|
| `generalscaler` | the operator, and commands to write, simulate, migrate and explain scalers |
| `generalscaler-dev` | tries GeneralScaler on this machine, and makes new plugins |
| `plugin-check` | checks a plugin |
| `generalscaler-launch`, `generalscaler-plugin-*` | the launcher that confines plugins, and the built-in plugins |

Keep the programs in one folder. They need Debian 12 and these packages:

    apt-get install --no-install-recommends {packages}

`./generalscaler help` lists the commands. The documentation is at {url}.
"""


def runtime_packages():
    """The Debian packages that the Dockerfile installs into the image."""
    stage = (ROOT / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    return re.search(r"--no-install-recommends (.*) \\\n", stage)[1].split()


def time_of_release():
    """Seconds since 1970."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(epoch)
    log = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True)
    return int(log.stdout) if log.returncode == 0 else 0


def identity(programs):
    """The version, the commit and the Swift version of the programs."""
    text = subprocess.run([programs / "generalscaler", "--version"], check=True, capture_output=True, text=True).stdout
    if not (match := VERSION_LINE.fullmatch(text)):
        raise SystemExit(f"archives.py: {programs}/generalscaler --version printed: {text}")
    return match.groups()


def pack(file, folder, contents, seconds):
    """Writes the archive. `contents` has (data, mode) by name."""
    with open(file, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, seconds) as packed, \
            tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, (data, mode) in sorted(contents.items()):
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode, entry.mtime = len(data), mode, seconds
            archive.addfile(entry, io.BytesIO(data))


def main():
    programs, directory = map(pathlib.Path, sys.argv[1:])
    names = TOOLS + sorted(f"generalscaler-plugin-{folder.name}" for folder in (ROOT / "Plugins").iterdir() if folder.is_dir())
    if missing := [name for name in names if not (programs / name).is_file()]:
        raise SystemExit(f"archives.py: {programs} lacks {', '.join(missing)}: run scripts/build-image-files.sh")
    version, commit, swift = identity(programs)
    architecture = ARCHITECTURES[platform.machine()]
    url = read_names((ROOT / NAMES_FILE).read_text())["REPOSITORY_URL"]
    packages, seconds = runtime_packages(), time_of_release()
    contents = {name: ((programs / name).read_bytes(), 0o755) for name in names}
    release = sbom.Release(version, commit, swift, architecture, url, seconds)
    document = sbom.document(release, (ROOT / "Package.resolved").read_text(), packages,
                             {name: data for name, (data, _) in contents.items()})
    contents["README.md"] = (README.format(version=version, commit=commit, swift=swift, architecture=architecture, url=url,
                                           packages=" ".join(packages)).encode(), 0o644)
    contents["LICENSE"] = ((ROOT / "LICENSE").read_bytes(), 0o644)
    directory.mkdir(parents=True, exist_ok=True)
    name = f"generalscaler-{version}-linux-{architecture}"
    pack(directory / f"{name}.tar.gz", name, contents, seconds)
    (directory / f"{name}.spdx.json").write_text(document)
    print(f"wrote {directory}/{name}.tar.gz and {name}.spdx.json")


if __name__ == "__main__":
    main()
