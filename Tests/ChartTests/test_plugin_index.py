"""The index of plugins refuses entries that would mislead its readers."""

import copy
import json
import unittest

import support  # Finds plugin_index.py.

import plugin_index

INDEX = json.loads(plugin_index.INDEX.read_text())
OTHER = {"name": "rabbitmq", "types": ["rabbitmq-queue", "rabbitmq-rate"], "version": "2.0.1-rc.1", "summary": "The length of a queue",
         "image": "registry.example.com:5000/rabbitmq", "values": {"args": ["-v"]}, "conformance": "partial",
         "source": "https://example.com/rabbitmq"}


class IndexTests(unittest.TestCase):
    def index(self, **changes):
        index = copy.deepcopy(INDEX)
        index["plugins"].insert(-2, OTHER | changes)
        return index

    def test_an_entry_by_another_author_is_accepted_and_shown(self):
        index = self.index()
        index["plugins"].sort(key=lambda plugin: (plugin["image"] != "operator", plugin["name"]))
        self.assertEqual(plugin_index.errors(index), [])
        self.assertIn("| [rabbitmq](https://example.com/rabbitmq) | `rabbitmq-queue`, `rabbitmq-rate` | The length of a queue "
                      '| 2.0.1-rc.1 | `registry.example.com:5000/rabbitmq` (`args: ["-v"]`) | partial |\n', plugin_index.page(index))

    def test_misleading_entries_are_refused(self):
        names = [plugin["name"] for plugin in self.index()["plugins"]]
        entry = f"plugins.{names.index('rabbitmq')}"
        for changes, message in [
            ({"types": ["redis"]}, "rabbitmq and redis both offer the metric type redis"),
            ({"name": "redis"}, "redis is listed twice"),
            ({"name": "aaa"}, "sort them by name"),
            ({"source": "examples/plugins/cobol"}, "rabbitmq: source is examples/plugins/cobol, which is neither"),
            ({"documentation": "docs/none.md"}, "rabbitmq: documentation is docs/none.md"),
            ({"image": "registry.example.com/rabbitmq:1.0.0@sha256:" + "0" * 64}, f"{entry}.image"),
            ({"conformance": "excellent"}, f"{entry}.conformance"), ({"version": "1.0"}, f"{entry}.version"),
            ({"types": []}, f"{entry}.types"), ({"summary": "A | B"}, f"{entry}.summary"),
            ({"stars": 7}, f"{entry}: Additional properties"),
        ]:
            with self.subTest(changes=changes):
                self.assertIn(message, "\n".join(plugin_index.errors(self.index(**changes))))

    def test_an_entry_that_contradicts_its_plugin_is_reported(self):
        (hour,) = (plugin for plugin in INDEX["plugins"] if plugin["name"] == "hour")
        self.assertEqual([*plugin_index.check_handshake(hour, support.DEBUG)], [])
        found = [*plugin_index.check_handshake(hour | {"version": "1.0.1", "types": ["hour", "minute"]}, support.DEBUG)]
        self.assertEqual(found, ["hour: version is 1.0.1, and the plugin says 1.0.0",
                                 "hour: types is ['hour', 'minute'], and the plugin says ['hour']"])


if __name__ == "__main__":
    unittest.main()
