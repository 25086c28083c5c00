"""The archive of a release and its SBOM, made from programs that only print their version."""

import hashlib
import json
import os
import pathlib
import platform
import sys
import tarfile
import tempfile
import unittest

from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
from support import ROOT, SCRIPTS, executable, run

import archives

PLUGINS = [f"generalscaler-plugin-{folder.name}" for folder in (ROOT / "Plugins").iterdir() if folder.is_dir()]
COMMIT = "0f" * 20
ARCHITECTURE = archives.ARCHITECTURES[platform.machine()]
NAME = f"generalscaler-1.2.3-linux-{ARCHITECTURE}"
RESOLVED = {"version": 3, "pins": [
    {"identity": "swift-log", "kind": "remoteSourceControl", "location": "https://git.test/apple/swift-log.git",
     "state": {"revision": "ab" * 20, "version": "1.16.2"}},
    {"identity": "yams", "kind": "remoteSourceControl", "location": "https://git.test/jpsim/Yams",
     "state": {"revision": "cd" * 20, "branch": "main"}},
]}


class ArchiveTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.programs = self.directory / "programs"
        self.programs.mkdir()
        for name in [*archives.TOOLS, *PLUGINS, "generalscaler-copy"]:
            executable(self.programs / name, f"#!/bin/sh\necho '{name} 1.2.3 (commit {COMMIT}, Swift 6.3.1)'\n")
        # A system that has every package, in a version with characters that a purl escapes.
        executable(self.directory / "dpkg-query", """#!/bin/sh
            shift 3; for name; do printf '%s\\t1:7.88.1-10+deb12u14~bpo\\tamd64\\tinstalled\\n' "$name"; done""")

    def pack(self, output="out", path=None):
        # Its own copy of the scripts, and next to them what they read: Package.resolved is not part of the repository.
        root = self.directory / "root"
        if not root.exists():
            root.mkdir()
            for name in ("scripts", "Plugins", "Dockerfile", "LICENSE"):
                (root / name).symlink_to(ROOT / name)
            (root / "Package.resolved").write_text(json.dumps(RESOLVED))
        code = (f"import sys, pathlib; sys.path.insert(0, {str(SCRIPTS)!r}); import archives; "
                f"archives.ROOT = pathlib.Path({str(root)!r}); archives.main()")
        environment = {**os.environ, "PATH": path or f"{self.directory}:{os.environ['PATH']}", "SOURCE_DATE_EPOCH": "1700000001"}
        return run(sys.executable, "-c", code, self.programs, self.directory / output, env=environment)

    def test_the_archive_has_every_program_and_the_packages_that_they_need(self):
        result = self.pack()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        with tarfile.open(self.directory / f"out/{NAME}.tar.gz") as archive:
            members = {member.name: member for member in archive}
            readme = archive.extractfile(f"{NAME}/README.md").read().decode()
        self.assertEqual(set(members), {f"{NAME}/{name}" for name in [*archives.TOOLS, *PLUGINS, "LICENSE", "README.md"]})
        self.assertEqual(members[f"{NAME}/plugin-check"].mode, 0o755)
        self.assertEqual({(member.uid, member.gid, member.mtime) for member in members.values()}, {(0, 0, 1700000001)})
        self.assertIn(f"Commit {COMMIT}, built with Swift 6.3.1 for Linux on {ARCHITECTURE}.", readme)
        self.assertIn("libcurl4", readme)
        for package in archives.runtime_packages():
            self.assertIn(f" {package}", readme)

    def test_the_same_programs_make_the_same_bytes(self):
        self.pack("first")
        for file in self.programs.iterdir():
            os.utime(file, (1, 1))
        self.pack("second")
        for name in (f"{NAME}.tar.gz", f"{NAME}.spdx.json"):
            self.assertEqual((self.directory / "first" / name).read_bytes(), (self.directory / "second" / name).read_bytes())

    def test_the_sbom_is_valid_and_names_programs_and_packages(self):
        self.pack()
        file = self.directory / f"out/{NAME}.spdx.json"
        self.assertEqual(validate_full_spdx_document(parse_file(str(file))), [])
        document = json.loads(file.read_text())
        packages = {item["name"]: item for item in document["packages"]}
        self.assertEqual(set(packages), {"generalscaler", "swift", "swift-log", "yams", *archives.runtime_packages()})
        self.assertEqual(packages["swift-log"]["externalRefs"][0]["referenceLocator"], "pkg:swift/git.test/apple/swift-log@1.16.2")
        # A dependency on a branch has no version.
        self.assertEqual(packages["yams"]["versionInfo"], "cd" * 20)
        self.assertEqual(packages["libcurl4"]["externalRefs"][0]["referenceLocator"],
                         "pkg:deb/debian/libcurl4@1%3A7.88.1-10%2Bdeb12u14~bpo?arch=amd64&distro=bookworm")
        sums = {item["fileName"]: item["checksums"][1]["checksumValue"] for item in document["files"]}
        self.assertEqual(sums["./plugin-check"], hashlib.sha256((self.programs / "plugin-check").read_bytes()).hexdigest())
        self.assertEqual(document["creationInfo"]["created"], "2023-11-14T22:13:21Z")
        linked = {item["relatedSpdxElement"] for item in document["relationships"] if item["relationshipType"] == "STATIC_LINK"}
        self.assertEqual(linked, {packages[name]["SPDXID"] for name in ("swift", "swift-log", "yams")})

    def test_a_missing_program_or_an_unknown_package_version_is_an_error(self):
        executable(self.directory / "dpkg-query", "#!/bin/sh\necho 'dpkg-query: no packages found matching tzdata' >&2; exit 1\n")
        result = self.pack()
        self.assertEqual(result.returncode, 1)
        self.assertIn("no version is known of ca-certificates, ", result.stderr)
        (self.programs / "plugin-check").unlink()
        result = self.pack()
        self.assertEqual(result.returncode, 1)
        self.assertIn("lacks plugin-check", result.stderr)
        self.assertFalse((self.directory / "out").exists())


if __name__ == "__main__":
    unittest.main()
