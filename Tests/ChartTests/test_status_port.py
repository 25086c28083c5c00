"""A client of the port of metrics and health cannot exhaust the operator's descriptors."""

import contextlib
import re
import resource
import socket
import unittest

from cluster import simulated
from support import DEBUG, PATIENCE_SECONDS, environment, get, running

# Few enough that the attack would use them up, and enough for the operator and its plugins.
DESCRIPTORS = 256
CONNECTIONS = 600


def limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))


class StatusPortTests(unittest.TestCase):
    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, CONNECTIONS + 200)), hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def test_idle_connections_and_slow_requests_do_not_exhaust_the_operator(self):
        with simulated() as cluster, contextlib.ExitStack() as stack:
            kubeconfig = cluster.directory / "kubeconfig"
            kubeconfig.write_text(
                '{"apiVersion": "v1", "kind": "Config", "current-context": "a", "users": [{"name": "a", "user": {}}],'
                ' "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],'
                f' "clusters": [{{"name": "a", "cluster": {{"server": "{cluster.url}"}}}}]}}')
            command = [DEBUG / "generalscaler", "run", "--kubeconfig", kubeconfig, "--listen", "127.0.0.1:0"]
            operator = stack.enter_context(running(*command, env=environment(), preexec_fn=limit))
            port = int(re.search(r"port=(\d+)", operator.line("serving metrics and health"))[1])
            url = f"http://127.0.0.1:{port}"
            for number in range(CONNECTIONS):
                connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS))
                if number % 3 == 1:
                    connection.sendall(b"GET /metrics HTTP/1.1\r\nX-Sl")
                elif number % 3 == 2:
                    # Asks, and takes no answer.
                    connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(get(f"{url}/healthz"), "ok\n")
            page = get(f"{url}/metrics")
            self.assertLess(float(re.search(r"^process_open_fds (\S+)$", page, flags=re.M)[1]), DESCRIPTORS)
            self.assertEqual(float(re.search(r"^process_max_fds (\S+)$", page, flags=re.M)[1]), DESCRIPTORS)
            # Plugins that the operator starts during the test have descriptors as well.
            self.assertNotIn("Too many open files", "\n".join(line or "" for line in operator.lines))


if __name__ == "__main__":
    unittest.main()
