"""Every example plugin comes up as users install it: from the tree that its Dockerfile makes, with the values beside it."""

import contextlib
import pathlib
import shutil
import tempfile
import unittest

import yaml

from images import Dockerfile, Pod
from support import DEBUG, ROOT, environment, running

EXAMPLES = ROOT / "examples/plugins"
FOLDERS = {"weekday": "bash", "minute": "go", "hour": "python", "http-json": "node", "random": "swift"}


def swift_build(directory):
    """The program of the debug build stands in for that of a release build, which takes minutes."""
    (directory / "out").mkdir()
    shutil.copy2(DEBUG / "random-plugin", directory / "out/generalscaler-plugin-random")


class ExampleTests(unittest.TestCase):
    def test_the_example_plugins_come_up_from_the_trees_of_their_dockerfiles(self):
        values = yaml.safe_load((EXAMPLES / "values.yaml").read_text())
        self.assertEqual({image["name"] for image in values["plugins"]["images"]}, set(FOLDERS))
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
            trees = {}
            for name, folder in FOLDERS.items():
                # The context of the build in Swift is the repository; swift_build needs nothing from it.
                dockerfile = Dockerfile(EXAMPLES / folder / "Dockerfile", EXAMPLES / folder)
                trees[name] = stack.enter_context(dockerfile.built({"swift build": swift_build}))
            arguments = Pod(directory).arguments(values, trees)
            kubeconfig = directory / "kubeconfig"
            kubeconfig.write_text(yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "none",
                "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}],
                "contexts": [{"name": "none", "context": {"cluster": "none", "user": ""}}]}))
            for name in ("none", "tmp"):
                (directory / name).mkdir()
            command = [DEBUG / "generalscaler", *arguments, "--kubeconfig", kubeconfig, "--plugin-dir", directory / "none"]
            with running(*command, env=environment(TMPDIR=str(directory / "tmp"))) as operator:
                for name in FOLDERS:
                    with self.subTest(name):
                        self.assertIn("Plugin is up", operator.line(f"plugin={name} "))


if __name__ == "__main__":
    unittest.main()
