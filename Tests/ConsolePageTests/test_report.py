"""The report of `generalscaler simulate` in Chromium: of one scaler, and of several within a budget.

The screenshots of a run are kept in the directory CONSOLE_SCREENSHOTS, if it is set.
"""

import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "ChartTests")]

import chromium
from support import DEBUG

SCREENSHOTS = os.environ.get("CONSOLE_SCREENSHOTS")
START = 1_772_409_600  # 2026-03-02T00:00:00Z
WIDTHS = [(1280, False), (1280, True), (360, False), (360, True)]

SCALER = """
apiVersion: autoscaling.example.com/v1
kind: GeneralScaler
metadata: {{name: {name}, namespace: shop, labels: {{team: shop}}}}
spec:
  targetDeployment: {name}
  minReplicas: 1
  maxReplicas: 30
  metrics:
    - {{type: prometheus, name: requests, targetValue: 100, config: {{query: 'sum(secret_query)'}}}}
  policy: {{type: slo}}
---
"""
BUDGET = """
apiVersion: autoscaling.example.com/v1
kind: ScalingBudget
metadata: {name: team-shop}
spec:
  selector: {matchLabels: {team: shop}}
  limits: [{unit: cost, perHour: 3.3}]
  consumption: [{amounts: {cost: 0.3}}]
"""


def simulate(directory, names, traces, *more):
    """Writes the report of scalers with their traces, and returns its address."""
    directory = pathlib.Path(directory)
    scalers = "".join(SCALER.format(name=name) for name in names)
    (directory / "shop.yaml").write_text(scalers + (BUDGET if len(names) > 1 else ""))
    command = [DEBUG / "generalscaler", "simulate", "-f", directory / "shop.yaml", "--html", directory / "report.html", *more]
    for name, rows in zip(names, traces):
        (directory / f"{name}.csv").write_text("time,requests\n" + "".join(f"{START + time},{value}\n" for time, value in rows))
        command += ["--trace", f"shop/{name}={directory / name}.csv"]
    subprocess.run(command, check=True, capture_output=True)
    return (directory / "report.html").as_uri()


def steps(*changes, until=86_400, every=60):
    """A load that is constant between changes at given times, without data where it is None."""
    rows, value = [], ""
    changes = dict(changes)
    for time in range(0, until, every):
        value = changes.get(time, value)
        rows.append((time, "" if value is None else value))
    return rows


@unittest.skipUnless(chromium.program(), "Chromium is not installed")
class ReportTests(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.directory = self.stack.enter_context(tempfile.TemporaryDirectory())

    def open(self, names, traces, *more):
        address = simulate(self.directory, names, traces, *more)
        self.browser = self.stack.enter_context(chromium.Chromium())
        self.browser.size(1280, 1_000)
        self.browser.open(address)
        self.browser.wait("document.querySelectorAll('#charts svg path').length > 3")

    def one(self):
        # 13:35 is the first poll with the higher load.
        self.open(["checkout"], [steps((0, 150), (13 * 3_600 + 35 * 60, 950), (20 * 3_600, None), (21 * 3_600, 120))])

    def group(self):
        late = [(time + 7, value) for time, value in steps((0, 620.5), (8 * 3_600, None), (9 * 3_600, 480.25))]
        self.open(["checkout", "search"], [steps((0, 130.5), (6 * 3_600, 990)), late])

    def text(self, selector):
        return self.browser.evaluate(f"document.querySelector('{selector}').innerText")

    def chart(self, title):
        """The place of a chart in the window, scrolled into view."""
        return self.browser.evaluate(
            f"(() => {{ const chart = charts.find(one => one.svg.getAttribute('aria-label') === '{title}');"
            " chart.svg.scrollIntoView({block: 'center'}); const box = chart.svg.getBoundingClientRect();"
            " return {x: box.x, y: box.y, width: box.width, height: box.height}; })()")

    def mouse(self, kind, x, y, buttons=0):
        self.browser.call(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if buttons or kind == "mouseReleased" else "none",
            buttons=buttons, clickCount=1 if kind != "mouseMoved" else 0)

    def point(self, title, seconds):
        """Moves the pointer to a time of a chart."""
        box = self.chart(title)
        x = self.browser.evaluate(f"charts.find(one => one.svg.getAttribute('aria-label') === '{title}').x(whole.from + {seconds})")
        self.mouse("mouseMoved", box["x"] + x, box["y"] + 40)
        return self.browser.wait("!tip.hidden && tip.innerText")

    def test_a_tip_never_shows_a_step_that_is_yet_to_come(self):
        self.one()
        early = self.point("Replicas", 13 * 3_600 + 30 * 60)
        self.assertRegex(early, r"13:(29|30):\d\d UTC")
        self.assertIn("2 replicas", early)
        self.assertNotIn("13:35", early)
        self.assertRegex(self.point("Replicas", 13 * 3_600 + 35 * 60 + 20), r"Scale from \d+ to \d+")
        self.assertEqual(self.browser.errors, [])

    def test_dragging_zooms_and_selects_no_text(self):
        self.one()
        box = self.chart("Replicas")
        y = box["y"] + box["height"] - 8
        self.mouse("mousePressed", box["x"] + 300, y, buttons=1)
        for x in (340, 420, 500):
            self.mouse("mouseMoved", box["x"] + x, y + 3, buttons=1)
        self.mouse("mouseReleased", box["x"] + 500, y)
        self.assertEqual(self.browser.evaluate("getSelection().toString()"), "")
        self.assertLess(self.browser.evaluate("view.to - view.from"), 30_000)
        self.browser.evaluate("document.getElementById('all').click()")
        self.assertEqual(self.browser.evaluate("view.to - view.from"), self.browser.evaluate("whole.to - whole.from"))

    def test_charts_are_read_and_zoomed_with_the_keyboard(self):
        self.one()
        browser = self.browser
        browser.evaluate("charts.at(-2).svg.focus()")
        browser.key("Home")
        before = self.text("#live")
        self.assertIn("00:00", before)
        browser.key("ArrowRight")
        # The event of the scroll into view may come after the keys.
        browser.evaluate("dispatchEvent(new Event('scroll'))")
        self.assertFalse(browser.evaluate("tip.hidden"))
        self.assertNotEqual(self.text("#live"), before)
        browser.evaluate("scrollBy(0, scrollY > 100 ? -60 : 60)")
        browser.wait("tip.hidden")
        browser.key("+", "+")
        self.assertLess(browser.evaluate("view.to - view.from"), 50_000)
        browser.key("Escape")
        self.assertEqual(browser.evaluate("view.to - view.from"), browser.evaluate("whole.to - whole.from"))
        for name in ("in", "later", "earlier", "out"):
            browser.evaluate(f"document.getElementById('{name}').click()")
        self.assertEqual(browser.errors, [])

    def test_a_tap_shows_the_reason_and_a_finger_zooms(self):
        self.one()
        browser = self.browser
        browser.size(360, 740)
        browser.call("Emulation.setTouchEmulationEnabled", enabled=True)
        box = self.chart("Replicas")
        x, y = box["x"] + 200, box["y"] + 60

        def touch(kind, *points):
            browser.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y} for x, y in points])

        touch("touchStart", (x, y))
        touch("touchEnd")
        self.assertIn("UTC", browser.wait("!tip.hidden && tip.innerText"))
        touch("touchStart", (x, y))
        for moved in (20, 50, 90):
            touch("touchMove", (x - moved, y))
        touch("touchEnd")
        browser.wait("view.to - view.from < 50000")
        self.assertEqual(browser.errors, [])

    def test_the_report_states_its_assumptions_and_no_config(self):
        self.one()
        summary = self.text("#summary")
        for label in ("Start-up delay", "Capacity of a replica", "Price of a replica-hour"):
            self.assertIn(label, summary)
        spec = self.browser.evaluate("document.querySelector('#specs pre').textContent")
        self.assertIn('"maxReplicas": 30', spec)
        self.assertNotIn("secret_query", self.browser.evaluate("document.documentElement.outerHTML"))
        self.assertTrue(self.browser.evaluate("[...document.querySelectorAll('.gap')].some(path => path.getAttribute('d'))"))

    def test_a_group_shows_the_use_of_its_budget_against_the_limit(self):
        self.group()
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#summary tbody tr').length"), 2)
        self.assertIn("3.3 per hour", self.text("#limits"))
        tip = self.point("team-shop: cost per hour", 12 * 3_600)
        self.assertIn("3.3 of 3.3 per hour in use", tip)
        self.assertRegex(tip, r"shop/checkout: \d+, denied up to \d")
        # Without data, a member keeps what it has, and it counts.
        self.assertRegex(self.point("team-shop: cost per hour", 8 * 3_600 + 1_800), r"shop/search: [1-9]")
        self.assertEqual(self.browser.errors, [])

    def test_reports_have_no_sideways_scrolling_and_enough_contrast(self):
        for name, load in (("one", self.one), ("group", self.group)):
            load()
            for width, dark in WIDTHS:
                self.browser.size(width, 1_600, dark)
                self.browser.wait(f"innerWidth === {width}")
                self.browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
                if SCREENSHOTS:
                    self.browser.screenshot(
                        pathlib.Path(SCREENSHOTS) / f"report-{name}-{width}-{'dark' if dark else 'light'}.png")
                self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width, (name, width))
                self.assertEqual(self.browser.evaluate(CONTRAST), [], (name, width, dark))
                self.assertEqual(self.browser.errors, [])


# The texts whose contrast is below that of WCAG 2.2, level AA, and the fields without a name.
CONTRAST = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, index) => sum + c * [0.2126, 0.7152, 0.0722][index], 0);
  const back = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = parts(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const bad = [];
  for (const element of document.querySelectorAll('body *:not(script):not(style)')) {
    const own = [...element.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
    if (!own || !element.getClientRects().length || element.disabled) continue;
    const style = getComputedStyle(element);
    const front = light(parts(element.namespaceURI.endsWith('svg') ? style.fill : style.color)), behind = light(back(element));
    const ratio = (Math.max(front, behind) + 0.05) / (Math.min(front, behind) + 0.05);
    if (ratio < 4.5) bad.push(`${element.tagName} ${element.textContent.slice(0, 40)} ${ratio.toFixed(2)}`);
  }
  for (const element of document.querySelectorAll('button, svg[tabindex]')) {
    if (!element.textContent.trim() && !element.getAttribute('aria-label')) bad.push(`no name: ${element.id}`);
  }
  return bad;
})()"""


if __name__ == "__main__":
    unittest.main()
