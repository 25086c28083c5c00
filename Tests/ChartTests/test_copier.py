"""generalscaler-copy takes a plugin out of an image: a faithful copy of what is well formed, and a refusal of the rest."""

import os
import pathlib
import shutil
import socket
import stat
import struct
import subprocess
import tempfile
import unittest

from support import DEBUG

COPIER = DEBUG / "generalscaler-copy"
MODIFIED = 1_700_000_007_123_456_789
PROGRAM_HEADER_INTERPRETER = 3
# Runs a script that mounts.
UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]


class CopierTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.root = self.directory / "image"
        self.target = self.directory / "target"
        self.root.mkdir()
        self.target.mkdir()

    def write(self, path, text="", mode=0o644):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def link(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(text)

    def copy(self, *options, directory="/", user=None):
        command = [COPIER, *options, self.root, directory, self.target]
        return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", user=user)

    def assert_copied(self, **options):
        result = self.copy(**options)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def assert_refused(self, message, *options, **arguments):
        result = self.copy(*options, **arguments)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stderr, r"\Ageneralscaler-copy: [^\n]*" + message)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


class CopyTests(CopierTest):
    def test_the_copier_needs_no_library_and_no_dynamic_linker(self):
        program = COPIER.read_bytes()
        offset, = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        kinds = [struct.unpack_from("<I", program, offset + size * index)[0] for index in range(count)]
        self.assertNotIn(PROGRAM_HEADER_INTERPRETER, kinds)

    def test_the_copier_works_in_an_image_without_any_other_program(self):
        """As its container: the image is the root, with mounts for /proc, the copier and the volume."""
        self.write("generalscaler-plugin-queue", "7", 0o755)
        for name in ("proc", "copier", "volume"):
            (self.root / name).mkdir()
        self.target.chmod(0o777)
        script = """mount --rbind /proc "$1/proc" && mount --bind "${2%/*}" "$1/copier" && mount --bind "$3" "$1/volume" &&
            exec chroot "$1" /copier/generalscaler-copy / / /volume"""
        copier = self.directory / "programs" / COPIER.name
        copier.parent.mkdir()
        shutil.copy2(COPIER, copier)
        result = subprocess.run([*UNSHARE, script, "sh", self.root, copier, self.target], capture_output=True, text=True)
        # Cannot be tested if the system does not allow mounts.
        if result.returncode == 0:
            self.assertEqual([path.name for path in self.target.rglob("*")], ["generalscaler-plugin-queue"])
        else:
            self.assertNotIn("generalscaler-copy:", result.stderr)

    def test_files_links_modes_and_times_are_copied(self):
        program = self.write("generalscaler-plugin-queue", "#!/bin/sh\n", 0o755)
        os.utime(program, ns=(MODIFIED, MODIFIED))
        self.write("lib/a b/ü\x01.txt", "x" * 300_001, 0o640)
        self.write("lib/empty", "", 0o444)
        (self.root / "lib/none").mkdir(mode=0o711)
        self.link("bin/python3", "python3.11")
        self.link("bin/deep", "../lib/a b/./ü\x01.txt")
        self.link("bin/dangling", "../missing")
        (self.root / "read-only").mkdir()
        self.write("read-only/file", "7")
        (self.root / "read-only").chmod(0o555)
        self.assert_copied()

        def tree(root):
            for path in sorted(root.rglob("*")):
                status = path.lstat()
                content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
                times = status.st_mtime_ns if path.is_file() and not path.is_symlink() else None
                yield path.relative_to(root), status.st_mode, content, times

        self.assertEqual([*tree(self.target)], [*tree(self.root)])
        self.assertEqual((self.target / program.name).stat().st_mtime_ns, MODIFIED)

    def test_a_file_with_several_names_is_copied_once(self):
        first = self.write("a/git", "7" * 5_000)
        (self.root / "b").mkdir()
        for name in ("a/git-log", "b/git-show"):
            os.link(first, self.root / name)
        self.write("b/other", "7" * 5_000)
        # Two directories, and two files of two blocks each.
        result = self.copy("--size-limit", "24Ki")
        self.assertEqual(result.stderr, "")
        inodes = {name: (self.target / name).stat().st_ino for name in ("a/git", "a/git-log", "b/git-show", "b/other")}
        self.assertEqual(len(set(inodes.values())), 2)
        self.assertEqual((self.target / "b/git-show").stat().st_nlink, 3)

    def test_files_with_several_names_are_bounded(self):
        for number in range(4_096):
            os.link(self.write(f"first-{number}"), self.root / f"second-{number}")
        self.assert_copied()
        os.link(self.write("first"), self.root / "second")
        self.assert_refused("there are more than 4096 files with several names")

    def test_set_id_and_sticky_bits_are_dropped(self):
        self.write("su", "x", 0o6755)
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        self.assert_copied()
        self.assertEqual(stat.S_IMODE((self.target / "su").stat().st_mode), 0o755)
        self.assertEqual(stat.S_IMODE((self.target / "tmp").stat().st_mode), 0o777)

    def test_a_directory_of_the_image_is_copied_without_the_others(self):
        self.write("opt/plugin/run", "run", 0o755)
        self.write("etc/passwd", "root")
        self.assert_copied(directory="//opt/./plugin/")
        self.assertEqual([path.name for path in self.target.rglob("*")], ["run"])

    def test_a_second_run_replaces_the_files_of_the_first(self):
        self.write("old/deep/file", "1")
        (self.root / "old/deep").chmod(0o555)
        self.link("link", "old")
        self.assert_copied()
        (self.root / "old/deep").chmod(0o755)
        shutil.rmtree(self.root / "old")
        (self.root / "link").unlink()
        self.write("new", "2")
        self.assert_copied()
        self.assertEqual([path.name for path in self.target.rglob("*")], ["new"])

    def test_emptying_the_target_follows_no_link(self):
        kept = self.directory / "kept"
        kept.mkdir()
        (kept / "file").write_text("7")
        (self.target / "link").symlink_to(kept)
        self.assert_copied()
        self.assertTrue((kept / "file").exists())

    def test_emptying_the_target_takes_a_handful_of_descriptors(self):
        deep = self.target
        for _ in range(200):
            deep /= "d"
        deep.mkdir(parents=True)
        command = ["prlimit", "--nofile=32", COPIER, self.root, "/", self.target]
        result = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(list(self.target.iterdir()), [])

    def test_emptying_the_target_enters_no_other_file_system(self):
        (self.target / "a" / "mount").mkdir(parents=True)
        script = (
            'mount -t tmpfs none "$3/a/mount" && echo kept > "$3/a/mount/file" || exit 99\n'
            '"$2" "$1" / "$3"; echo $?; cat "$3/a/mount/file"'
        )
        result = subprocess.run([*UNSHARE, script, "sh", self.root, COPIER, self.target], capture_output=True, text=True)
        if result.returncode == 99:
            self.skipTest("the system allows no mounts")
        self.assertEqual(result.stdout, "1\nkept\n")
        self.assertIn("a cannot be removed", result.stderr)


class RefusalTests(CopierTest):
    def test_links_that_leave_the_copied_directory_are_refused_with_the_fix(self):
        for path, text, message in [
            ("a", "/etc/passwd", r"/a -> /etc/passwd: is an absolute link.*ln -sr"),
            ("a", "/", "is an absolute link"),
            ("a", "..", "is a link that leaves the copied directory.*a directory that holds both"),
            ("a/b/c", "../../../x", "leaves the copied directory"),
            ("a/b/c", "./..//../../x", "leaves the copied directory"),
            ("a/b/c", "../../..", "leaves the copied directory"),
            ("a", "b/../../../etc", 'is a link with ".." after a name'),
            ("a/b/c", "d/..", 'is a link with ".." after a name'),
        ]:
            with self.subTest(path=path, text=text):
                self.link(path, text)
                self.assert_refused(message)
                shutil.rmtree(self.root)
                self.root.mkdir()

    def test_links_that_leave_the_directory_only_in_combination_are_refused(self):
        """`up` is the root, so that `out`, which by its text stays in the directory, would leave it."""
        self.link("x/y/up", "../..")
        self.link("out", "x/y/up/../secret")
        self.assert_refused('/out -> .*is a link with ".." after a name')

    def test_links_in_the_directory_that_go_up_to_it_are_copied(self):
        for path, text in [("a/b/c", "../.."), ("a/b/d", "../../a/./x"), ("e", "a/b/c/a/b/c"), ("f", "."), ("g", "..x/...")]:
            self.link(path, text)
        self.assert_copied()
        self.assertEqual(os.path.realpath(self.target / "e"), os.path.realpath(self.target))

    def test_an_entry_other_than_a_file_directory_or_link_is_refused(self):
        with socket.socket(socket.AF_UNIX) as listener:
            makers = {"pipe": os.mkfifo, "socket": lambda path: listener.bind(str(path))}
            if os.geteuid() == 0:
                makers["device"] = lambda path: os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            for name, make in makers.items():
                with self.subTest(name):
                    make(self.root / name)
                    self.assert_refused(f"/{name}: is neither a file nor a directory nor a link: remove it")
                    (self.root / name).unlink()

    def test_a_tree_that_is_too_large_is_refused_before_it_fills_the_volume(self):
        for limit, size in [("8Ki", 8_193), ("12.5k", 12_501), ("1Mi", 7 << 40)]:
            with self.subTest(limit=limit):
                file = self.write("large")
                os.truncate(file, size)
                self.assert_refused("/large: the copy would take up more than .*raise the size limit", "--size-limit", limit)
                self.assertLessEqual(sum(path.stat().st_size for path in self.target.iterdir()), 16_384)
        os.truncate(self.root / "large", 8_192)
        self.assertEqual(self.copy("--size-limit", "8Ki").returncode, 0)

    def test_empty_directories_count_toward_the_size_limit(self):
        for number in range(9):
            (self.root / f"directory-{number}").mkdir()
        self.assert_refused("would take up more than 32768 bytes", "--size-limit", "32Ki")

    def test_a_tree_that_is_too_deep_is_refused(self):
        deep = self.root
        for _ in range(100):
            deep /= "d"
        deep.mkdir(parents=True)
        self.assert_copied()
        (deep / "d").mkdir()
        self.assert_refused("is more than 100 directories deep")

    def test_a_path_that_is_too_long_is_refused(self):
        here = os.open(self.root, os.O_RDONLY)
        for _ in range(17):
            os.mkdir("n" * 255, dir_fd=here)
            there = os.open("n" * 255, os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = there
        os.close(here)
        self.assert_refused("File name too long")

    def test_a_path_that_is_not_a_directory_of_the_image_is_refused_with_the_fix(self):
        self.write("opt/file")
        self.link("linked", "opt")
        self.link("opt/token", "/var/run/secrets")
        for directory, message in [
            ("opt", "write the directory as an absolute path"),
            ("/opt/plugin", "/opt/plugin: No such file or directory: set the directory to the one"),
            ("/linked", "linked is a link: name the directory that it leads to"),
            ("/opt/token/x", "token is a link"),
            ("/opt/file", "file is not a directory"),
            ("/opt/../opt", r'write the directory without "\.\."'),
        ]:
            with self.subTest(directory=directory):
                self.assert_refused(message, directory=directory)

    def test_mounts_of_the_container_are_not_copied(self):
        result = subprocess.run([COPIER, "/", "/proc/self/net", self.target], capture_output=True, text=True)
        self.assertIn("proc is a mount, which is no part of the image", result.stderr)
        self.write("secrets/file", "in the image")
        self.write("run/file", "7")
        script = 'mount -t tmpfs none "$1/secrets" && echo token > "$1/secrets/token" && exec "$2" "$1" / "$3"'
        result = subprocess.run([*UNSHARE, script, "sh", self.root, COPIER, self.target], capture_output=True, text=True)
        # If the system does not allow mounts, the part above must suffice.
        if result.returncode == 0:
            self.assertEqual(sorted(path.name for path in self.target.rglob("*")), ["file", "run"])
        else:
            self.assertNotIn("generalscaler-copy:", result.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "root reads every file, so that only root can try this as another user")
    def test_a_file_that_the_operators_user_cannot_read_is_refused_with_the_fix(self):
        self.directory.chmod(0o755)
        self.target.chmod(0o777)
        for make in (lambda: self.write("secret", "7", 0o600), lambda: (self.root / "secret").mkdir(mode=0o700)):
            make()
            self.assert_refused("/secret: cannot be read by user 65532.*chmod a.rX", user=65532)
            shutil.rmtree(self.root)
            self.root.mkdir()

    def test_names_with_control_characters_stay_on_one_line(self):
        os.mkfifo(self.root / "a\nerror: \x1b[31m")
        self.assert_refused(r"/a\?error: \?\[31m: is neither")

    def test_invalid_arguments_are_refused(self):
        for options in (["--size-limit", "7 MB"], ["--size-limit", "0x7"], ["--size-limit", "Mi"], ["--size-limit", "1e3"],
                        ["--size-limit", "nan"], ["--size-limit", "1.2.3Mi"], ["--size-limit", ""]):
            with self.subTest(options=options):
                self.assert_refused("is not a quantity such as 256Mi", *options)
        self.assert_refused("use it as", "--limit", "1Mi")


if __name__ == "__main__":
    unittest.main()
