"""What the tests of plugins from images share: images as directories, and the rendered pod's work on them."""

import pathlib
import subprocess

import yaml

from support import DEBUG

from chart import objects, render

MOUNTS = "/var/lib/generalscaler/plugins"


def rendered(values):
    """The pod's specification, and the plugins.yaml that the chart writes."""
    # Plugins from images only.
    found = [*objects(render({"kubernetesPlugin": {"enabled": False}} | values))]
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
