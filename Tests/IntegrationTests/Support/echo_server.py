"""Answers every GET with a ConfigMap that says who asked: over TLS, as kubectl sends no credentials without it.

Usage: echo_server.py CERTIFICATE KEY. Prints its port.
"""

import http.server
import json
import ssl
import sys


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {name.lower(): value for name, value in self.headers.items()
                   if name.lower() == "authorization" or name.lower().startswith("impersonate-")}
        body = json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "echo"}, "data": headers})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
