"""What the tests of plugins from images share: images as directories, and the rendered pod's work on them."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sysconfig
import tempfile

import yaml

from support import DEBUG

from chart import objects, render

MOUNTS = "/var/lib/generalscaler/plugins"
# What a build stage installs from a network is here already.
INSTALLERS = ("apt-get ", "pip install ")


def rendered(values):
    """The pod's specification, and the plugins.yaml that the chart writes."""
    found = [*objects(render(values))]
    (pod,) = (item["spec"]["template"]["spec"] for item in found if item["kind"] == "Deployment")
    files = [item["data"]["plugins.yaml"] for item in found if item["kind"] == "ConfigMap" and "plugins.yaml" in item.get("data", {})]
    return pod, yaml.safe_load(files[0])["plugins"] if files else None


class Pod:
    """Does what a rendered pod would, with directories in place of images, volumes and files."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def place(self, word):
        """A path of the rendered pod as it is here."""
        for path, here in (("/opt/generalscaler/bin/", f"{DEBUG}/"), ("/generalscaler-copier/", f"{self.directory}/copier/"),
                           (MOUNTS, f"{self.directory}/plugins"), ("/etc/generalscaler/", f"{self.directory}/config/")):
            word = word.replace(path, here)
        return word

    def arguments(self, values, images, own=None):
        """Runs the init containers on the images, which are by the plugins' names, and writes plugins.yaml.

        Returns the operator's arguments. `own` is plugins.yaml where a Secret has it.
        """
        pod, entries = rendered(values)
        for name in ("copier", "config", *(f"plugins/{name}" for name in images)):
            (self.directory / name).mkdir(parents=True)
        for container in pod["initContainers"]:
            command = [self.place(word) for word in container["command"]]
            if command[0].endswith("/generalscaler-copy"):
                *options, root, path, target = command
                assert (root, target) == ("/", "/generalscaler-plugin"), command
                name = container["name"].removeprefix("plugin-")
                command = [*options, images[name], path, self.directory / "plugins" / name]
            subprocess.run(command, check=True)
        # A path in plugins.yaml is one here, too.
        text = yaml.safe_dump({"plugins": entries if own is None else own}).replace(MOUNTS, f"{self.directory}/plugins")
        (self.directory / "config/plugins.yaml").write_text(text)
        return [self.place(word) for word in pod["containers"][0]["args"]
                if word.startswith(("run", "--plugins-config", "--plugin-dir")) and "/opt/" not in word] + ["--listen=127.0.0.1:0"]


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
            # What pip installs lies beside this Python.
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
