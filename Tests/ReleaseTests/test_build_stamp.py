"""The commit and the Swift version that a program is built with."""

import os
import pathlib
import re
import tempfile
import unittest

from support import SCRIPTS, executable, git, run


class BuildStampTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.package = pathlib.Path(directory.name) / "package"
        self.package.mkdir()
        self.file = self.package.parent / "BuildStamp.swift"
        self.swiftc = executable(self.package.parent / "swiftc", "#!/bin/sh\necho 'Swift version 6.3.1 (swift-6.3.1-RELEASE)'\n")

    def stamp(self, commit=None, swiftc=None):
        """The commit and the Swift version that the script writes."""
        environment = {name: value for name, value in os.environ.items() if name != "GENERALSCALER_COMMIT"}
        if commit is not None:
            environment["GENERALSCALER_COMMIT"] = commit
        result = run(SCRIPTS / "build-stamp.sh", self.package, swiftc or self.swiftc, self.file, env=environment)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return re.findall(r'static let \w+ = "(.*)"', self.file.read_text())

    def test_a_build_in_a_repository_has_its_commit(self):
        git(self.package, "init", "--quiet")
        self.assertEqual(self.stamp(), ["unknown", "6.3.1"])
        git(self.package, "commit", "--quiet", "--allow-empty", "--message", "first")
        self.assertEqual(self.stamp(), [git(self.package, "rev-parse", "HEAD").strip(), "6.3.1"])

    def test_a_build_outside_a_repository_says_unknown_even_inside_that_of_another_project(self):
        git(self.package.parent, "init", "--quiet")
        git(self.package.parent, "commit", "--quiet", "--allow-empty", "--message", "another project")
        self.assertEqual(self.stamp(), ["unknown", "6.3.1"])

    def test_the_environment_gives_the_commit_of_sources_without_a_repository(self):
        self.assertEqual(self.stamp(commit="0f" * 20), ["0f" * 20, "6.3.1"])
        for text in ['"', "abc\ndef", "v1.0", "\\(f())"]:
            self.assertEqual(self.stamp(commit=text), ["unknown", "6.3.1"])

    def test_a_compiler_that_does_not_tell_its_version_is_unknown(self):
        self.assertEqual(self.stamp(swiftc="/bin/false"), ["unknown", "unknown"])

    def test_the_file_keeps_its_time_while_the_commit_is_the_same(self):
        self.stamp(commit="aa")
        os.utime(self.file, (1, 1))
        self.stamp(commit="aa")
        self.assertEqual(self.file.stat().st_mtime, 1)
        self.stamp(commit="bb")
        self.assertNotEqual(self.file.stat().st_mtime, 1)


if __name__ == "__main__":
    unittest.main()
