"""Builds the file tree of an image from its Dockerfile, without a container engine, as far as that is possible."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sysconfig
import tempfile

# What a build stage installs from a network is here already.
INSTALLERS = ("apt-get ", "pip install ")


class Dockerfile:
    """Builds an image's tree from a Dockerfile as far as that is possible without an engine: each stage is a directory, commands
    run in its working directory, by relative paths, with the programs of this machine in place of those of the base image."""

    def __init__(self, file, context):
        self.instructions = [line.split(None, 1) for line in file.read_text().replace("\\\n", " ").splitlines()
                             if line.strip() and not line.startswith("#")]
        self.context = context

    @contextlib.contextmanager
    def built(self, stand_ins):
        """The tree of the last stage. `stand_ins` has functions that do a command's work in a directory instead of it, by the
        beginning of the command."""
        with tempfile.TemporaryDirectory() as directory:
            stages = {}
            # pip installs next to this Python.
            environment = os.environ | {"PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"}
            for number, (name, value) in enumerate(self.instructions):
                if name == "FROM":
                    base, _, alias = value.partition(" AS ")
                    root = work = pathlib.Path(directory) / f"stage-{number}"
                    root.mkdir()
                    stages[alias] = root
                elif name == "WORKDIR":
                    work = root / value.lstrip("/")
                    work.mkdir(parents=True)
                elif name == "COPY":
                    *sources, target = value.split()
                    origin = self.context
                    if sources[0].startswith("--from="):
                        origin = stages[sources.pop(0).removeprefix("--from=")]
                    self.copy([origin / source.lstrip("/") for source in sources], root if target == "/" else work / target)
                elif name == "RUN" and not value.startswith(INSTALLERS):
                    stand_in = next((make for start, make in stand_ins.items() if value.startswith(start)), None)
                    if stand_in:
                        stand_in(work)
                    else:
                        result = subprocess.run(
                            ["sh", "-ec", value], cwd=work, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
                        assert result.returncode == 0, f"RUN {value}\n{result.stdout}"
                elif name not in ("RUN", "LABEL"):
                    raise AssertionError(f"a plugin's Dockerfile has no {name}")
            assert base == "scratch", base
            yield root

    @staticmethod
    def copy(sources, target):
        for source in sources:
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
