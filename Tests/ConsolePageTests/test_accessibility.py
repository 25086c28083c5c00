"""The console's page for everybody: the rules of axe-core, and of WCAG 2.2 AA what axe-core 4.4 does not check."""

import contextlib
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "ChartTests")]

import axe_core_python

import chromium
import fake_api
from pages import console, shoot
from test_whatif import trace

AXE = (pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]
# The least width and height of a target, 2.5.8, in pixels. One that has as much free space around it, and a link in a sentence, pass.
TARGET = 24
SMALL_TARGETS = """(() => {
    const boxes = [...document.querySelectorAll('a, button, input, select, textarea, summary, svg[tabindex], .row')].filter(one => one.checkVisibility())
        .map(one => [one, one.getBoundingClientRect()]).filter(([, box]) => box.width && box.height);
    const isCrowded = (one, box) => boxes.some(([other, near]) => other !== one && !other.contains(one) && !one.contains(other)
        && near.left < box.left + box.width / 2 + %d / 2 && near.right > box.left + box.width / 2 - %d / 2
        && near.top < box.top + box.height / 2 + %d / 2 && near.bottom > box.top + box.height / 2 - %d / 2);
    return boxes.filter(([one, box]) => Math.min(box.width, box.height) < %d && isCrowded(one, box)).map(([one]) => one.outerHTML.slice(0, 120));
})()""" % ((TARGET,) * 5)
FOCUSED = "(document.activeElement.id || document.activeElement.textContent.slice(0, 30) || document.activeElement.tagName)"
# The focused element is in view, and its outline shows (2.4.7 and 2.4.11).
VISIBLE = """(() => { const one = document.activeElement, box = one.getBoundingClientRect(), style = getComputedStyle(one);
    return one.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
        && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth; })()"""


@unittest.skipUnless(chromium.program(), "Chromium is not installed")
class AccessibilityTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.api = fake_api.FakeAPI(50)
        cls.stack.callback(cls.api.close)
        directory = pathlib.Path(cls.stack.enter_context(tempfile.TemporaryDirectory()))
        trace(directory / "days.csv", 3 * 86_400, step=60)
        page = cls.stack.enter_context(console(cls.api, "--trace", f"team-4/app-00004={directory / 'days.csv'}"))
        cls.browser = cls.stack.enter_context(chromium.Chromium())
        cls.browser.size(1440, 900)
        cls.browser.open(page.link)
        cls.browser.wait("document.querySelectorAll('.row').length > 5")

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def open(self, view):
        """Opens a view and waits until all of it is there."""
        browser = self.browser
        browser.evaluate(f"location.hash = '{ {'list': '', 'scaler': '#/team-4/app-00004', 'budgets': '#/budgets'}.get(view, '#/team-4/app-00004/what-if') }'")
        browser.wait({
            "list": "!document.getElementById('list').hidden && document.getElementById('detail').hidden",
            "scaler": "document.querySelectorAll('#charts svg').length === 2",
            "budgets": "document.querySelectorAll('#budgets table').length > 2",
        }.get(view, "document.getElementById('yaml')?.value.includes('maxReplicas: 12')"))
        if view == "outcome":
            browser.evaluate("""(() => { const set = (id, value) => { const field = document.getElementById(id); field.value = value;
                field.dispatchEvent(new Event('change')); }; set('source', 'trace'); set('length', '86400'); set('field-maxReplicas', '5'); })()""")
            browser.wait("document.getElementById('yaml').value.includes('maxReplicas: 5')")
            browser.evaluate("document.getElementById('replay').click()")
            browser.wait("document.querySelectorAll('#outcome details').length > 0")

    def test_no_view_breaks_a_rule_of_axe_core_or_has_a_target_that_is_too_small(self):
        self.browser.evaluate(AXE)
        for view in ("list", "scaler", "budgets", "what-if", "outcome"):
            self.open(view)
            for is_dark in (False, True):
                for width, height in ((1440, 900), (360, 740)):
                    with self.subTest(view=view, dark=is_dark, width=width):
                        self.browser.size(width, height, is_dark)
                        found = self.browser.evaluate(
                            f"axe.run(document, {{runOnly: {RULES}}}).then(result => result.violations.map(one => "
                            "`${one.id}: ${one.nodes.length} of ${one.nodes[0].html.slice(0, 160)} ${one.nodes[0].failureSummary}`))")
                        self.assertEqual(found, [])
                        self.assertEqual(self.browser.evaluate(SMALL_TARGETS), [])
                        self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                        shoot(self.browser, f"{view}-{width}-{'dark' if is_dark else 'light'}")
            self.browser.size(1440, 900)

    def walk(self, count):
        """The elements that the tab key reaches, in order. Each must show its focus."""
        names = []
        for _ in range(count):
            self.browser.key("Tab")
            names.append(self.browser.evaluate(FOCUSED))
            self.assertTrue(self.browser.evaluate(VISIBLE), names)
        return names

    def test_the_tab_key_goes_through_each_view_in_the_order_of_reading(self):
        self.open("list")
        self.browser.evaluate("document.activeElement.blur(); document.getElementById('to-scalers').focus()")
        self.assertEqual(self.walk(6), ["to-budgets", "search", "namespace", "state", "limit", "budget"])
        self.open("what-if")
        self.browser.evaluate("document.getElementById('detail').focus()")
        names = self.walk(3)
        self.assertEqual(names, ["Back to the scaler", "field-minReplicas", "field-maxReplicas"])
        self.browser.evaluate("document.getElementById('yaml').focus()")
        self.assertEqual(self.walk(6), ["source", "length", "startup", "price", "recorded", "replay"])

    def test_a_scaler_is_changed_and_replayed_with_the_keyboard_alone(self):
        self.open("what-if")
        self.browser.evaluate("document.getElementById('field-maxReplicas').focus(); document.getElementById('field-maxReplicas').select()")
        self.browser.key("6", "6")
        self.browser.key("Tab")
        self.browser.wait("document.getElementById('yaml').value.includes('maxReplicas: 6')")
        self.browser.evaluate("document.getElementById('recorded').focus()")
        self.browser.key("Tab")
        self.browser.key("Enter", "\r")
        self.browser.wait("document.querySelector('#outcome table') !== null")
        self.browser.evaluate("document.querySelector('#outcome summary').focus()")
        self.browser.key("Enter", "\r")
        self.browser.wait("document.querySelector('#outcome details').open")
        self.browser.key("Escape")
        self.browser.wait("document.getElementById('what-if') !== null")

    def test_budgets_lead_to_their_scalers(self):
        self.open("budgets")
        self.assertIn("6 (2 scalers)", self.browser.evaluate("document.getElementById('budgets').textContent"))
        self.browser.evaluate("document.getElementById('filter-all-teams').click()")
        self.browser.wait("document.getElementById('budget').value === 'all-teams' && !document.getElementById('list').hidden")
        self.browser.wait("document.getElementById('summary').textContent.startsWith('7 of 50')")
        self.browser.evaluate("(() => { const field = document.getElementById('budget'); field.value = ''; field.dispatchEvent(new Event('input')); })()")
        self.open("budgets")
        self.browser.evaluate("document.getElementById('all-teams-team-4/app-00004').click()")
        self.browser.wait("document.querySelectorAll('#charts svg').length === 2")
        self.assertEqual(self.browser.errors, [])


if __name__ == "__main__":
    unittest.main()
