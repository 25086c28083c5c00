"""The check of the workflows, and what the release workflow promises."""

import importlib
import unittest

import yaml
from support import ROOT

check_workflows = importlib.import_module("check-workflows")

PINNED = "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0"
WORKFLOW = f"""
jobs:
  first:
    outputs: {{version: "${{{{ steps.names.outputs.version }}}}"}}
    steps:
      - uses: {PINNED}
      - id: names
        run: echo version=1 >>"$GITHUB_OUTPUT"
  second:
    needs: first
    steps:
      - run: echo "$VERSION"
        env: {{VERSION: "${{{{ needs.first.outputs.version }}}}"}}
"""


class WorkflowTests(unittest.TestCase):
    def test_a_valid_workflow_has_no_errors(self):
        self.assertEqual([*check_workflows.check(WORKFLOW)], [])

    def test_mistakes_are_found(self):
        for old, new, error in [
            (PINNED, "actions/checkout@v5", "pin it as"), (" # v5.0.0", " # v5", "pin it as"), (" # v5.0.0", "", "pin it as"),
            ("needs: first", "needs: third", "second needs third, which is no job"),
            ("    needs: first\n", "", "second refers to first, which it does not need"),
            ("first.outputs.version", "first.outputs.digest", "output digest, which it does not have"),
            ("id: names", "id: other", "first refers to the step names"),
            ('echo "$VERSION"', "echo $VERSION", "Double quote to prevent globbing"),
            ('echo "$VERSION"', "echo '${{ github.ref_name }}'", "an expression in a script is read as code"),
        ]:
            with self.subTest(new=new):
                text = WORKFLOW.replace(old, new)
                self.assertNotEqual(text, WORKFLOW)
                self.assertIn(error, "\n".join(check_workflows.check(text)))

    def test_only_jobs_that_publish_may_write(self):
        workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
        self.assertEqual(workflow["permissions"], {"contents": "read"})
        writing = {name: {key for key, value in job.get("permissions", {}).items() if value == "write"}
                   for name, job in workflow["jobs"].items()}
        self.assertEqual({name: rights for name, rights in writing.items() if rights}, {
            "image": {"packages"}, "sign-image": {"packages", "id-token", "attestations"},
            "chart": {"packages", "id-token", "attestations"}, "release": {"contents", "id-token", "attestations"}})


if __name__ == "__main__":
    unittest.main()
