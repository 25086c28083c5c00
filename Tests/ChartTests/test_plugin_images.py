"""Plugins from images: what the chart refuses, what it renders, and that what it renders brings the plugin up."""

import os
import pathlib
import shutil
import tempfile
import unittest

import yaml
from helm_python.errors import HelmError

from images import MOUNTS, Pod, rendered
from support import DEBUG, ROOT, running
from test_values import start

from chart import objects, render

DIGEST = "sha256:" + "0123456789abcdef" * 4
QUEUE = {"name": "queue", "image": "registry.example.com/queue:1.2.0"}
WEEKDAY = ROOT / "examples/plugins/bash/generalscaler-plugin-weekday"


def plugins(*images, **values):
    return {"plugins": {"images": [QUEUE | image for image in images], **values}}


# Values, and what the refusal has to say.
REFUSED = [
    (plugins({"name": "redis"}), r"plugins.images\[0\]: a plugin redis is included in the operator: choose another name"),
    (plugins({}, {"name": "tide"}, {}), r"plugins.images\[2\]: an earlier entry.*has the name queue too: give each plugin"),
    (plugins({}) | {"extraPlugins": [{"name": "queue", "configMap": {"name": "a", "key": "b"}}]},
     r"plugins.images\[0\]: .*one of extraPlugins has the name queue too"),
    (plugins({"image": f"registry.example.com/queue@{DIGEST}"}), r"set plugins.images\[0\].digest to the part after the @"),
    (plugins({"directory": "/opt/../etc"}), r'plugins.images\[0\].directory is "/opt/../etc": remove the segments . and ..'),
    (plugins({"program": "../run"}), r"plugins.images\[0\].program .* remove the segments"),
    (plugins({"interpreter": "bin/./python3"}), r"plugins.images\[0\].interpreter .* remove the segments"),
    (plugins({"interpreter": "bin/python3", "sha256": "0" * 64}),
     r"sha256, which would be compared with the interpreter: remove sha256, and set plugins.images\[0\].digest"),
    (plugins({"mount": "imageVolume", "sizeLimit": "1Mi"}), r"plugins.images\[0\].sizeLimit limits the size of a copy.*remove it"),
    (plugins({}, config={"queue": {"argv": ["/bin/true"]}}),
     r"plugins.config.queue.argv and plugins.images\[0\] are both set: remove argv, and set program"),
    (plugins({"sha256": "a" * 64}, config={"queue": {"sha256": "b" * 64}}),
     r"plugins.config.queue.sha256 and plugins.images\[0\].sha256 are both set: remove one"),
    (plugins({}, existingSecret="mine", config={"queue": {"maxInFlight": 7}}), "are both set.*Secret mine"),
    (plugins({"interpreter": "bin/python3", "program": "run", "args": ["-7"], "directory": "/opt"}, existingSecret="mine"),
     r"plugins.images\[0\].program must be set in plugins.yaml of the Secret mine.*queue:\n +argv:\n"
     rf" +- {MOUNTS}/queue/bin/python3\n +- {MOUNTS}/queue/run\n +- \"-7\"\n +readPaths:\n +- {MOUNTS}/queue"),
    (plugins({"sha256": "a" * 64}, existingSecret="mine"), r"plugins.images\[0\].sha256 must be set in plugins.yaml"),
    (plugins({}, config={"quue": {"maxInFlight": 7}}), "there is no plugin quue.*Plugins are .*queue.*plugins.images"),
    # The schema's.
    (plugins({"name": "Queue"}), "name"), (plugins({"name": "q" * 41}), "images/0/name.*maxLength"), (plugins({"image": ""}), "image"),
    (plugins({"image": "a b"}), "image"), (plugins({"digest": "0" * 64}), "digest"), (plugins({"mount": "volume"}), "mount"),
    (plugins({"directory": "opt"}), "directory"), (plugins({"directory": "/a b"}), "directory"),
    (plugins({"program": "/run"}), "program"), (plugins({"interpreter": "/bin/python3"}), "interpreter"),
    (plugins({"args": [7]}), "args"), (plugins({"sizeLimit": "1MiB"}), "sizeLimit"), (plugins({"sizeLimit": "1ki"}), "sizeLimit"),
    (plugins({"sha256": "0" * 63}), "sha256"), (plugins({"command": ["cp"]}), "command"),
    ({"plugins": {"images": [{"name": "queue"}]}}, "image"),
]


class ValueTests(unittest.TestCase):
    def test_invalid_values_are_refused_with_the_fix(self):
        for values, message in REFUSED:
            with self.subTest(values=values):
                with self.assertRaisesRegex(HelmError, "(?s)" + message):
                    render(values)

    def test_the_operators_program_copies_a_plugin_image_and_runs_no_program_of_it(self):
        pod, _ = rendered(plugins({"digest": DIGEST, "pullPolicy": "Always", "directory": "/opt/queue", "sizeLimit": "1.5Gi"}))
        copier, plugin = pod["initContainers"]
        self.assertEqual(copier["image"], pod["containers"][0]["image"])
        self.assertEqual(plugin["image"], f"{QUEUE['image']}@{DIGEST}")
        self.assertEqual(plugin["imagePullPolicy"], "Always")
        self.assertEqual(plugin["command"], ["/generalscaler-copier/generalscaler-copy", "--size-limit", "1.5Gi", "/", "/opt/queue",
                                             "/generalscaler-plugin"])
        self.assertNotIn("args", plugin)
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        self.assertEqual(volumes["plugin-queue"]["emptyDir"], {"sizeLimit": "1.5Gi"})
        for container in (copier, plugin):
            self.assertEqual(container["securityContext"], pod["containers"][0]["securityContext"])
        writable = [mount["name"] for mount in plugin["volumeMounts"] if not mount.get("readOnly")]
        self.assertEqual(writable, ["plugin-queue"])
        (mount,) = (mount for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == "plugin-queue")
        self.assertEqual(mount, {"name": "plugin-queue", "mountPath": f"{MOUNTS}/queue", "readOnly": True})

    def test_an_image_volume_is_not_copied_and_keeps_the_directory_in_its_paths(self):
        pod, entries = rendered(plugins({"mount": "imageVolume", "directory": "//opt/queue/", "digest": DIGEST}))
        self.assertNotIn("initContainers", pod)
        (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "plugin-queue")
        self.assertEqual(volume["image"], {"reference": f"{QUEUE['image']}@{DIGEST}", "pullPolicy": "IfNotPresent"})
        root = f"{MOUNTS}/queue/opt/queue"
        self.assertEqual(entries, {"queue": {"argv": [f"{root}/generalscaler-plugin-queue"], "readPaths": [root]}})

    def test_an_entry_combines_the_administrators_settings_with_the_paths_of_the_mount(self):
        own = {"readPaths": ["/var/run/secrets/queue"], "defaults": {"n": 1_000_000}, "mode": "oneshot", "confined": False}
        _, entries = rendered(plugins(
            {"sha256": "aB" * 32, "program": "bin/run", "args": ["-v", "7", "", "a: b"], "directory": "/opt"}, {"name": "tide"},
            config={"queue": own, "redis": {"maxInFlight": 7}}))
        self.assertEqual(entries["queue"], own | {
            "argv": [f"{MOUNTS}/queue/bin/run", "-v", "7", "", "a: b"], "sha256": "aB" * 32,
            "readPaths": [f"{MOUNTS}/queue", "/var/run/secrets/queue"]})
        self.assertEqual(entries["redis"], {"maxInFlight": 7})
        self.assertEqual(set(entries), {"queue", "tide", "redis"})

    def test_the_operator_searches_the_plugins_directory_if_an_existing_secret_is_set(self):
        pod, entries = rendered(plugins({}, existingSecret="mine"))
        self.assertIsNone(entries)
        directories = [word for word in pod["containers"][0]["args"] if word.startswith("--plugin-dir=")]
        self.assertEqual(directories, ["--plugin-dir=/opt/generalscaler/bin", f"--plugin-dir={MOUNTS}/queue"])

    def test_a_changed_entry_replaces_the_pod(self):
        def annotation(values):
            (item,) = (item for item in objects(render(values)) if item["kind"] == "Deployment")
            return item["spec"]["template"]["metadata"]["annotations"]["checksum/plugins-config"]

        self.assertNotEqual(annotation(plugins({})), annotation(plugins({"args": ["-v"]})))

    def test_the_notes_name_unpinned_images_and_the_effective_plugins_yaml(self):
        notes = render(plugins({}, {"name": "tide", "digest": DIGEST, "mount": "imageVolume"}))["NOTES.txt"]
        self.assertRegex(notes, rf"(?s)queue: {QUEUE['image']}\n +The tag .* set digest.*tide: .*noexec.*configmap generalscaler-plugins")
        self.assertNotIn("set digest", render(plugins({"digest": DIGEST}))["NOTES.txt"])


class StartTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name).resolve()

    def image(self, files):
        """A directory that simulates an image: path in it to the file that is copied there."""
        root = self.directory / "image"
        for path, source in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, root / path)
        return root

    def assert_up(self, values, image, **options):
        line, lines = start(Pod(self.directory).arguments(values, {"queue": image}, **options), until="plugin=queue")
        self.assertIn("plugin is up", line or "", "\n".join(lines))

    def test_a_plugin_with_its_own_interpreter_starts_from_its_image(self):
        image = self.image({"opt/queue/bin/runtime": os.path.realpath("/bin/bash"), "opt/queue/lib/main": WEEKDAY})
        (image / "opt/queue/run").symlink_to("lib/main")
        self.assert_up(plugins({"directory": "/opt/queue", "interpreter": "bin/runtime", "program": "run"},
                               config={"queue": {"mode": "oneshot"}}), image)

    def test_a_plugin_is_found_by_its_name_if_a_secret_holds_plugins_yaml(self):
        image = self.image({"generalscaler-plugin-queue": WEEKDAY})
        self.assert_up(plugins({}, existingSecret="mine"), image, own={"queue": {"mode": "oneshot"}})

    def test_an_image_volume_without_exec_is_reported_with_the_fix(self):
        for name in ("mount", "plugins-config"):
            (self.directory / name).mkdir()
        prefix, mount = without_exec(self.directory / "mount", WEEKDAY)
        _, entries = rendered(plugins({"mount": "imageVolume", "program": WEEKDAY.name}, config={"queue": {"mode": "oneshot"}}))
        file = self.directory / "plugins-config/plugins.yaml"
        file.write_text(yaml.safe_dump({"plugins": entries}).replace(f"{MOUNTS}/queue", str(mount)))
        with running(*prefix, DEBUG / "generalscaler-launch", "--", mount / WEEKDAY.name) as launcher:
            self.assertRegex(launcher.line("cannot run"), r"mounted noexec.* must not have mount: imageVolume")
        line, lines = start(["run", f"--plugins-config={file}", "--listen=127.0.0.1:0"], until="noexec", prefix=prefix)
        self.assertRegex(line or "", "plugin=queue .*Remove mount: imageVolume from this plugin", "\n".join(lines))


def without_exec(directory, program):
    """A command that runs another one where a file system without exec holds a copy of the program, and that file system's
    directory."""
    shared = pathlib.Path("/dev/shm")
    if os.statvfs(shared).f_flag & os.ST_NOEXEC:
        holder = tempfile.TemporaryDirectory(dir=shared)
        unittest.addModuleCleanup(holder.cleanup)
        shutil.copy2(program, holder.name)
        return [], pathlib.Path(holder.name)
    script = 'mount -t tmpfs -o noexec none "$0" && cp -p "$1" "$0/" && shift && exec "$@"'
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, directory, program], directory


if __name__ == "__main__":
    unittest.main()
