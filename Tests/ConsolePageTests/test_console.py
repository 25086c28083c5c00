"""The console as users have it: the program, its page in Chromium, and the way to the operator's API.

The screenshots of a run are kept in the directory CONSOLE_SCREENSHOTS, if it is set.
"""

import base64
import contextlib
import datetime
import json
import pathlib
import re
import socket
import sys
import unittest
import urllib.parse

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parents[1] / "ChartTests")]

import yaml

import chromium
import fake_api
from cluster import simulated
from pages import Page, console, shoot
from support import DEBUG, ROOT, environment, running

# More than the console keeps open.
CONNECTIONS = 1_000
NAMESPACE = "generalscaler-system"


class ConsoleServerTests(unittest.TestCase):
    def setUp(self):
        self.api = fake_api.FakeAPI(20)
        self.addCleanup(self.api.close)

    def test_only_the_browser_with_the_link_can_read(self):
        with console(self.api) as page:
            self.assertEqual(page.get("/")[0], 401)
            self.assertEqual(page.get("/v1/scalers")[0], 401)
            page.log_in()
            self.assertEqual(page.get("/v1/scalers")[0], 200)
            self.assertEqual(page.get("/v1/scalers", Host="evil.example")[0], 421)
            self.assertEqual(page.get("/v1/scalers", Origin="http://evil.example")[0], 403)
            self.assertEqual(page.get("/v1/scalers", **{"Sec-Fetch-Site": "cross-site"})[0], 403)
            self.assertEqual(page.get("/v1/scalers", method="POST")[0], 405)
            parts = urllib.parse.urlparse(page.link)
            self.assertEqual(page.get(f"{parts.path}?{parts.query}")[0], 403)

    def test_answers_forbid_everything_but_the_page_itself_and_never_have_the_token(self):
        with console(self.api) as page:
            page.log_in()
            for path in ("/", "/console.js", "/console.css", "/v1/scalers", "/v1/scalers/team-0/app-00000", "/nothing"):
                status, headers, body = page.get(path)
                self.assertEqual(status, 404 if path == "/nothing" else 200, path)
                self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
                self.assertNotIn("unsafe", headers["Content-Security-Policy"])
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
                self.assertNotIn(fake_api.TOKEN, body + str(headers))
            for path in ("/v1/scalers/../../secrets", "/v1/scalers/%2e%2e/x", "/v1/scalers/a/b/c", "/v2", "/v1/scalers/A/b"):
                self.assertEqual(page.get(path)[0], 404, path)

    def test_many_connections_do_not_stop_the_page(self):
        with console(self.api) as page, contextlib.ExitStack() as stack:
            page.log_in()
            for _ in range(CONNECTIONS):
                stack.enter_context(socket.create_connection(("127.0.0.1", page.port), 60))
            self.assertEqual(page.get("/v1/scalers")[0], 200)

    def test_an_operator_that_does_not_answer_is_named_with_the_reason(self):
        self.api.close()
        with console(self.api) as page:
            page.log_in()
            status, _, body = page.get("/v1/scalers")
            self.assertEqual(status, 502)
            self.assertIn(str(self.api.port), body)

    def test_a_page_weighs_less_than_300_kb(self):
        with console(self.api) as page:
            page.log_in()
            self.assertLess(sum(len(page.get(path)[2]) for path in ("/", "/console.js", "/console.css")), 300_000)


@unittest.skipUnless(chromium.program(), "Chromium is not installed")
class PageTests(unittest.TestCase):
    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def browse(self, count):
        self.api = fake_api.FakeAPI(count)
        self.stack.callback(self.api.close)
        self.page = self.stack.enter_context(console(self.api))
        self.browser = self.stack.enter_context(chromium.Chromium())
        self.browser.size(1440, 900)
        self.browser.open(self.page.link)
        self.browser.wait("document.querySelectorAll('.row').length > 5")

    def shoot(self, name):
        shoot(self.browser, name)

    def rows(self):
        return self.browser.evaluate("[...document.querySelectorAll('.row .name')].map(cell => cell.firstChild.textContent)")

    def choose(self, identifier, value):
        self.browser.evaluate(
            f"(() => {{ const field = document.getElementById('{identifier}'); field.value = '{value}';"
            " field.dispatchEvent(new Event('input')); })()")

    def test_ten_thousand_scalers_are_searched_filtered_and_read_with_the_keyboard(self):
        self.browse(10_000)
        browser = self.browser
        self.assertLess(browser.evaluate("document.querySelectorAll('.row').length"), 100)
        self.assertLess(browser.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"), 1_000)
        self.shoot("list")
        browser.key("/", "/")
        self.assertEqual(browser.evaluate("document.activeElement.id"), "search")
        self.choose("search", "app-09999")
        self.assertEqual(self.rows(), ["app-09999"])
        self.choose("search", "")
        self.choose("namespace", "team-3")
        self.choose("state", "attention")
        self.assertIn("of 10000", browser.evaluate("document.getElementById('summary').textContent"))
        browser.evaluate("document.querySelector('.row[tabindex=\"0\"]').focus()")
        browser.key("ArrowDown")
        browser.key("End")
        browser.wait("document.activeElement.getAttribute('aria-rowindex') > 1000")
        browser.key("Enter")
        browser.wait("document.querySelectorAll('#charts svg').length === 2")
        self.assertIn("has no data", browser.evaluate("document.querySelector('.sentence').textContent"))
        browser.evaluate("document.querySelector('#charts svg').focus()")
        browser.key("ArrowLeft")
        self.assertRegex(browser.evaluate("document.getElementById('readout').textContent"), r"requests .*, target .* replicas")
        browser.key("Escape")
        browser.wait("document.getElementById('detail').hidden")
        self.assertEqual(browser.errors, [])

    def test_a_decision_is_shown_at_once(self):
        self.browse(1_000)
        self.choose("search", "app-00004")
        self.browser.evaluate(
            "new MutationObserver(() => window.seen = [...document.querySelectorAll('.replicas b')].map(one => one.textContent))"
            ".observe(document.getElementById('rows'), {subtree: true, childList: true})")
        for number in range(10):
            self.api.change("team-4/app-00004", current=100 + number, desired=100 + number)
            self.browser.wait(f"window.seen?.includes('{100 + number}')")
        self.assertEqual(self.browser.errors, [])

    def row(self, name):
        """The texts of a row of the list: state, and reason."""
        self.choose("search", name)
        return self.browser.evaluate(
            "[document.querySelector('.row .badge').textContent, document.querySelector('.row').lastChild.textContent]")

    def test_a_row_says_in_words_how_its_scaler_is_and_why(self):
        self.browse(20)
        change, browser = self.api.change, self.browser
        self.assertEqual(self.row("app-00000")[0], "On target")
        self.assertEqual(self.row("app-00001"), ["Limited", "a cooldown has not passed yet."])
        self.assertEqual(self.row("app-00002")[0], "May need more")
        self.assertEqual(self.row("app-00003"), ["NoData", "replicas are held without data."])
        # A clause may have a semicolon in brackets; a message that is no decision is shown whole.
        change("team-0/app-00000", reason="Keep 3: q has no data ($.a selects nothing; see b); the error budget is unknown.")
        change("team-1/app-00001", ready="False", state="InvalidSpec", reason="spec.a: is required; spec.b: must be 2")
        change("team-6/app-00006", problems=["ReplicasReady"])
        browser.wait("document.getElementById('summary').textContent.includes('needs attention: 8')")
        self.assertEqual(self.row("app-00000")[1], "the error budget is unknown.")
        self.assertEqual(self.row("app-00001"), ["InvalidSpec", "spec.a: is required; spec.b: must be 2"])
        self.assertEqual(self.row("app-00006")[0], "Replicas not ready")
        self.choose("search", "no such scaler")
        self.assertEqual(self.rows(), [])
        self.assertIn("No scaler matches", browser.evaluate("document.getElementById('nothing').innerText"))
        self.assertEqual(browser.errors, [])

    def test_an_inactive_forecast_is_found_in_the_list_and_explained(self):
        self.browse(20)
        key = "team-1/app-00008"
        self.api.change(key, forecast="Inactive")
        self.api.forecasts[key] = {
            "active": False, "reason": "it is not better than the best simple rule", "metric": "requests", "skill": -0.2835,
            "expected": 411.5, "upper": 489, "replicas": 1, "horizonSeconds": 1}
        self.choose("state", "inactive")
        self.browser.wait("document.querySelectorAll('.row').length === 1")
        self.browser.evaluate("document.querySelector('.row').click()")
        self.browser.wait("document.getElementById('detail').innerText.includes('Forecast')")
        text = self.browser.evaluate("document.getElementById('detail').innerText")
        self.assertIn("It adds no replicas: it is not better than the best simple rule.", text)
        self.assertIn("requests is expected to reach 411.5 to 489 in 1 second, which asks for 1 replica.", text)
        self.assertIn("Its skill is -0.2835", text)
        # Without data there was no forecast, and the status has little more than since when.
        self.api.forecasts[key] = {"active": False, "inactiveSince": "2026-11-30T01:02:03Z"}
        self.api.change(key)
        self.browser.wait("document.getElementById('detail').innerText.includes('There was none at the last decision')")
        self.assertNotIn("undefined", self.browser.evaluate("document.getElementById('detail').innerText"))
        self.assertEqual(self.browser.errors, [])

    def test_rows_are_in_the_document_as_they_are_sorted_and_times_are_local(self):
        self.browse(20)
        self.browser.call("Emulation.setTimezoneOverride", timezoneId="Asia/Kolkata")
        self.browser.evaluate("[...document.querySelectorAll('#heads button')].find(one => one.textContent === 'Replicas').click()")
        ordered = "[...document.querySelectorAll('.row')].map(row => Number(row.getAttribute('aria-rowindex')))"
        indices = self.browser.evaluate(ordered)
        self.assertEqual(indices, sorted(indices))
        now = datetime.datetime.now(datetime.timezone.utc).replace(hour=12, minute=34, second=56)
        self.api.change("team-2/app-00002", reason=f"Keep 4: held until {now:%Y-%m-%dT%H:%M:%SZ}.")
        self.browser.evaluate("location.hash = '#/team-2/app-00002'")
        self.browser.wait("document.querySelector('.sentence')?.textContent.includes('18:04:56')")

    def test_texts_of_the_operator_are_never_html(self):
        self.browse(20)
        attack = "<img src=x onerror=document.title='attacked'><script>document.title='attacked'</script>"
        self.api.change("team-4/app-00004", reason=attack, target=attack, state=attack, limit=attack, ready="False", limitedBy=[attack])
        self.browser.evaluate("location.hash = '#/team-4/app-00004'")
        self.browser.wait("document.querySelector('.sentence')?.textContent.startsWith('<img')")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('img, main script').length"), 0)
        self.assertEqual(self.browser.evaluate("document.title"), "GeneralScaler console")
        self.assertEqual(self.browser.errors, [])

    def test_phones_and_large_screens_in_light_and_dark_have_no_sideways_scrolling(self):
        self.browse(50)
        for width, height in ((360, 740), (768, 1024), (1440, 900), (3840, 2160)):
            for is_dark in (False, True):
                for key in ("", "#/team-4/app-00004"):
                    self.browser.size(width, height, is_dark)
                    self.browser.evaluate(f"location.hash = '{key}'")
                    if key:
                        self.browser.wait("document.querySelectorAll('#charts svg').length === 2")
                    self.assertLessEqual(self.browser.evaluate("document.documentElement.scrollWidth"), width)
                    self.shoot(f"{width}-{'dark' if is_dark else 'light'}-{'scaler' if key else 'list'}")
        self.assertEqual(self.browser.errors, [])

    def test_fields_have_names_and_texts_have_contrast(self):
        self.browse(50)
        self.browser.evaluate("location.hash = '#/team-4/app-00004'")
        self.browser.wait("document.querySelectorAll('#charts svg').length === 2")
        unnamed = """[...document.querySelectorAll('input, select, button, svg[tabindex], [role=grid]')].filter(one =>
            !(one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim() || one.textContent.trim())).length"""
        self.assertEqual(self.browser.evaluate(unnamed), 0)
        # The contrast of WCAG 2.2, level AA, of every text against the nearest background.
        weak = """(() => {
            const channel = value => (value /= 255) <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
            const light = color => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number);
                return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b); };
            const back = one => { for (; one; one = one.parentElement) { const color = getComputedStyle(one).backgroundColor;
                if (!/, 0\\)$/.test(color)) return color; } return getComputedStyle(document.body).backgroundColor; };
            return [...document.querySelectorAll('body *')].filter(one => one.checkVisibility() && one.tagName !== 'OPTION'
                && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim())).filter(one => {
                const style = getComputedStyle(one), [a, b] = [light(one.namespaceURI.includes('svg') ? style.fill : style.color), light(back(one))];
                return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5; }).map(one => `${one.tagName} ${one.className} ${one.textContent}`); })()"""
        for is_dark in (False, True):
            self.browser.size(1440, 900, is_dark)
            self.assertEqual(self.browser.evaluate(weak), [])


class PodProxyTests(unittest.TestCase):
    """The console reads the API of the leader's pod with a kubeconfig."""

    def kubeconfig(self, cluster, name, token=None):
        user = {"token": token} if token else {}
        path = cluster.directory / name
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "a", "users": [{"name": "a", "user": user}],
            "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
            "clusters": [{"name": "a", "cluster": {"server": cluster.url}}]}))
        return path

    def prepare(self, cluster):
        """Creates what an installation has, a scaler, and a ServiceAccount with the rights that the page lists."""
        cluster.create_namespace(NAMESPACE)
        cluster.create_namespace("shop")
        cluster.create(yaml.safe_load((ROOT / "deploy/crd.yaml").read_text()))
        # The pod has the name of its host.
        pod, metadata = socket.gethostname().lower(), {"namespace": NAMESPACE}
        page = (ROOT / "docs/how-to/console.md").read_text()
        for item in (
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "generalscaler-api", **metadata},
             "data": {"token": base64.b64encode(fake_api.TOKEN.encode()).decode()}},
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": pod, **metadata},
             "spec": {"containers": [{"name": "generalscaler", "image": "generalscaler"}]}},
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "reader", **metadata}},
            yaml.safe_load(re.search(r"```yaml\n(.*?)```", page, re.S)[1]),
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader", **metadata},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "generalscaler-console"},
             "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": NAMESPACE}]},
        ):
            cluster.create(item)
        cluster.create_scaler("shop", "web", targetDeployment="web")

    def test_the_console_reaches_the_leader_through_the_proxy_with_the_documented_role_alone(self):
        with simulated() as cluster, contextlib.ExitStack() as stack:
            self.prepare(cluster)
            token = cluster.directory / "token"
            token.write_text(fake_api.TOKEN)
            lease = f"{NAMESPACE}/generalscaler"
            operator = stack.enter_context(running(
                DEBUG / "generalscaler", "run", "--kubeconfig", self.kubeconfig(cluster, "operator"), "--listen", "127.0.0.1:0",
                "--lease", lease, "--api-listen", "127.0.0.1:0", "--api-token-file", token, env=environment()))
            port = re.search(r"port=(\d+)", operator.line("serving the API"))[1]
            operator.line("scaler changed")
            reader = self.kubeconfig(cluster, "reader", cluster.token(NAMESPACE, "reader"))
            program = stack.enter_context(running(
                DEBUG / "generalscaler", "console", "--kubeconfig", reader, "--lease", lease, "--api-port", port))
            page = Page(program)
            page.log_in()
            status, _, answer = page.get("/v1/scalers")
            self.assertEqual(status, 200, answer)
            self.assertIn('"name":"web"', answer)
            self.assertIn('"ready":"False"', answer)
            self.assertEqual(page.get("/v1/scalers/shop/web")[0], 200)
            self.assertNotIn(fake_api.TOKEN, answer + "".join(filter(None, operator.lines + program.lines)))


if __name__ == "__main__":
    unittest.main()
