"""The names under which the project is published come from scripts/project.env alone."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from support import ROOT, git, run

from project import GENERATED, NAMES_FILE, PLACES, read_names

# Not whole in this file: it is part of the copy, in which they would be names in a file that does not follow.
HOST, OWNER = "acme.test", "scaling"
NEW = {
    "REPOSITORY_URL": f"https://git.{HOST}/{OWNER}/gs", "IMAGE": f"registry.{HOST}:5000/{OWNER}/gs",
    "CHART_REPOSITORY": f"registry.{HOST}:5000/charts", "RUNBOOKS_URL": f"https://docs.{HOST}/runbooks",
    "GO_MODULE": f"go.{HOST}/gs/sdk",
}


class NamesTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.copy = pathlib.Path(directory.name)
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        cls.paths = [path for path in listed if path and (ROOT / path).is_file()]
        for path in cls.paths:
            (cls.copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, cls.copy / path)
        git(cls.copy, "init", "--quiet")
        git(cls.copy, "add", "--all", "--force")
        git(cls.copy, "commit", "--quiet", "--message", "copy")

    def setUp(self):
        self.addCleanup(git, self.copy, "checkout", "--quiet", ".")

    def script(self, name, *arguments):
        return run(sys.executable, self.copy / "scripts" / name, *arguments)

    def adopt(self, names):
        file = self.copy / NAMES_FILE
        text = file.read_text()
        for key, value in names.items():
            text = re.sub(rf"^{key}=.*$", f"{key}={value}", text, flags=re.M)
        file.write_text(text)

    def test_a_change_of_the_names_reaches_every_file_and_no_old_name_is_left(self):
        old = read_names((ROOT / NAMES_FILE).read_text())
        self.adopt(NEW)
        self.assertEqual(self.script("project.py", "--check").returncode, 1)
        for name in ("project.py", "make-manifests.py"):
            result = self.script(name)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        changed = set(git(self.copy, "diff", "--name-only").split())
        self.assertEqual(changed, {NAMES_FILE, *GENERATED, *(path for path, _, _ in PLACES)})
        for name in old.values():
            name = re.sub(r"^https://", "", name)
            found = [path for path in self.paths
                     if re.search(rb"(?<![\w.-])" + re.escape(name).encode(), (self.copy / path).read_bytes())]
            self.assertEqual(found, [], name)
        for name in ("project.py", "make-manifests.py"):
            result = self.script(name, "--check")
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn(f"image: {NEW['IMAGE']}:", (self.copy / "deploy/operator.yaml").read_text())
        chart = (self.copy / "charts/generalscaler/Chart.yaml").read_text()
        self.assertIn(f"home: {NEW['REPOSITORY_URL']}\n", chart)
        # The module still builds, and its own tests import it by the new name.
        environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
        result = run("go", "vet", "./...", cwd=self.copy / "sdk/go", env=environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_a_name_in_another_file_is_an_error_with_its_place(self):
        image = read_names((ROOT / NAMES_FILE).read_text())["IMAGE"]
        (self.copy / "CHANGELOG.md").write_text(f"# Changelog\n\nPull {image}:2.\n")
        result = self.script("project.py", "--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"CHANGELOG.md:3: has the name {image}", result.stderr)

    def test_a_file_that_was_changed_by_hand_is_an_error(self):
        file = self.copy / "sdk/go/go.mod"
        file.write_text(file.read_text().replace("module ", "module other.test/"))
        result = self.script("project.py", "--check")
        self.assertEqual(result.returncode, 1)
        self.assertIn("sdk/go/go.mod: has other names than", result.stderr)

    def test_names_of_a_wrong_form_are_refused(self):
        for key, value in [("IMAGE", "https://registry.test/gs"), ("REPOSITORY_URL", "git.test/gs"),
                           ("GO_MODULE", "a.test/$(id)"), ("RUNBOOKS_URL", "https://docs.test/"), ("IMAGE", "")]:
            with self.subTest(key=key, value=value):
                self.adopt({key: value})
                result = self.script("project.py")
                self.assertEqual(result.returncode, 1)
                self.assertIn(f"{NAMES_FILE}: {key} must be ", result.stderr)
                git(self.copy, "checkout", "--quiet", ".")


if __name__ == "__main__":
    unittest.main()
