"""Every example plugin comes up as users install it: from the tree that its Dockerfile makes, with the values beside it."""

import contextlib
import pathlib
import tempfile
import unittest

import yaml

from images import Pod
from support import DEBUG, ROOT, environment, running

from example_images import FOLDERS, trees

EXAMPLES = ROOT / "examples/plugins"


class ExampleTests(unittest.TestCase):
    def test_the_example_plugins_start_from_the_trees_of_their_dockerfiles(self):
        values = yaml.safe_load((EXAMPLES / "values.yaml").read_text())
        self.assertEqual({image["name"] for image in values["plugins"]["images"]}, set(FOLDERS))
        with contextlib.ExitStack() as stack:
            directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory())).resolve()
            images = stack.enter_context(trees(DEBUG))
            arguments = Pod(directory).arguments(values, images)
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
                        self.assertIn("plugin is up", operator.line(f"plugin={name} "))


if __name__ == "__main__":
    unittest.main()
