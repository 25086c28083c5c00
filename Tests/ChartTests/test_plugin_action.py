"""The GitHub action plugin-check passes its inputs on, leaves a JUnit report and fails with the plugin."""

import pathlib
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

import yaml

from support import DEBUG, ROOT, environment

ACTION = ROOT / ".github/actions/plugin-check"
HOUR = ROOT / "examples/plugins/python/generalscaler-plugin-hour"


class ActionTests(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.report = self.directory / "report.xml"

    def check(self, plugin, **inputs):
        variables = {"PLUGIN": str(plugin), "REPORT": str(self.report), "PROGRAMS": str(DEBUG), "ARGUMENTS": "", "CONFIG": "",
                     "BAD_CONFIG": "", "ONESHOT": "false", "SKIP": "", **inputs}
        return subprocess.run([ACTION / "check.sh"], env=environment(**variables), cwd=self.directory, capture_output=True, text=True)

    def cases(self):
        return [*xml.etree.ElementTree.parse(self.report).getroot().iter("testcase")]

    def test_a_conformant_plugin_passes_and_has_a_report(self):
        config = self.directory / "a config.json"
        config.write_text('{"offset": 1.5}')
        result = self.check(HOUR, CONFIG=str(config), SKIP="P-43")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertGreater(len(self.cases()), 20)
        self.assertEqual([case for case in self.cases() if case.find("failure") is not None], [])

    def test_a_plugin_that_breaks_a_rule_fails_with_the_rule_in_log_and_report(self):
        broken = self.directory / "generalscaler-plugin-hour"
        broken.write_text(HOUR.read_text().replace("def answer", 'print("hello")\ndef answer'))
        broken.chmod(0o755)
        result = self.check(broken.name, SKIP="P-43")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("P-13", result.stdout)
        self.assertRegex(result.stdout, r"(?m)^::error::plugin-check: generalscaler-plugin-hour does not keep the rules")
        self.assertTrue(any(case.find("failure") is not None for case in self.cases()))

    def test_arguments_reach_the_plugin(self):
        plugin = self.directory / "generalscaler-plugin-hour"
        plugin.write_text(HOUR.read_text().replace("def answer", 'if sys.argv[1:] != ["--port", "7"]: print("hello")\ndef answer'))
        plugin.chmod(0o755)
        result = self.check(plugin.name, ARGUMENTS="--port 7", SKIP="P-43")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_a_plugin_that_gives_no_value_fails_unless_the_job_says_that_it_may(self):
        silent = self.directory / "generalscaler-plugin-hour"
        text = HOUR.read_text()
        self.assertEqual(text.count('return {"result": {"value"'), 1)
        silent.write_text(text.replace('return {"result": {"value"', 'return {"error": {"code": 1003, "message": "away"}} if True else {"result": {"value"'))
        silent.chmod(0o755)
        result = self.check(silent.name, SKIP="P-43")
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertIn("no value was read: ", result.stdout)
        result = self.check(silent.name, SKIP="P-43", REQUIRE_VALUE="false")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_every_input_reaches_the_script(self):
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        (step,) = (step for step in action["runs"]["steps"] if step.get("id") == "check")
        text = " ".join(step["env"].values())
        for name in action["inputs"]:
            self.assertIn(f"inputs.{name} ", text)
        self.assertNotIn("inputs.", " ".join(step.get("run", "") for step in action["runs"]["steps"]))


if __name__ == "__main__":
    unittest.main()
