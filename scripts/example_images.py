#!/usr/bin/env python3
"""Makes what the images of the example plugins hold, and what the chart installs from them, into a directory: a folder for each
plugin, as its volume is, and plugins.yaml.

Usage: example_images.py PROGRAMS DIRECTORY

PROGRAMS has the built programs: `generalscaler-copy`, and `random-plugin`, which replaces the release build of the example
in Swift.
"""

import contextlib
import pathlib
import shutil
import subprocess
import sys

import yaml

from chart import ROOT, objects, render
from dockerfile import Dockerfile

EXAMPLES = ROOT / "examples/plugins"
# The plugins of examples/plugins/values.yaml and their folders.
FOLDERS = {"weekday": "bash", "minute": "go", "hour": "python", "http-json": "node", "random": "swift"}


@contextlib.contextmanager
def trees(programs):
    """The tree of each example's image, by the name of the plugin."""
    def swift_build(directory):
        (directory / "out").mkdir()
        shutil.copy2(programs / "random-plugin", directory / "out/generalscaler-plugin-random")

    with contextlib.ExitStack() as stack:
        # The context of the example in Swift is the repository; swift_build needs nothing from it.
        yield {name: stack.enter_context(Dockerfile(EXAMPLES / folder / "Dockerfile", EXAMPLES / folder).built({"swift build": swift_build}))
               for name, folder in FOLDERS.items()}


def main():
    programs, directory = map(pathlib.Path, sys.argv[1:])
    values = yaml.safe_load((EXAMPLES / "values.yaml").read_text())
    with trees(programs) as images:
        for name, tree in images.items():
            (directory / name).mkdir(parents=True)
            subprocess.run([programs / "generalscaler-copy", tree, "/", directory / name], check=True)
    (file,) = (item["data"]["plugins.yaml"] for item in objects(render(values)) if "plugins.yaml" in item.get("data", {}))
    (directory / "plugins.yaml").write_text(file)


if __name__ == "__main__":
    main()
