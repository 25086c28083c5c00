"""An external scaler for KEDA on a free port of 127.0.0.1, whose answers are what the metadata of each request says.

It uses the libraries of gRPC and Protocol Buffers for Python, so that it also checks how the plugin encodes messages.

Metadata:
    queue      the queue whose state is answered (default: q), with value 0, target 5 and active false at first
    set        JSON that changes the state of the queue before the answer, such as {"value": 7, "active": true}
    metrics    JSON of the answers in place of the state: [{"name", "target", "targetFloat", "value", "valueFloat", "answered"}]
               The value of the metric timeLeft is the seconds until the request's deadline.
    fault      METHOD=FAULT: what goes wrong, one of FAULTS below or the name of a status of gRPC

Usage: external_scaler.py [--port N] [--max-streams N] [--cert FILE --key FILE [--client-ca FILE]] [--without METHOD]...
       [--commands]

With --commands, each line of standard input has the name of a queue and JSON that changes its state. It is answered with the time
of the change in microseconds since 1970, and the scaler ends with its input.
"""

import argparse
import asyncio
import collections
import importlib
import json
import pathlib
import sys
import tempfile
import time

import grpc
from grpc_tools import protoc

HERE = pathlib.Path(__file__).resolve().parent
with tempfile.TemporaryDirectory() as generated:
    protoc.main(["protoc", f"-I{HERE}", f"--python_out={generated}", str(HERE / "external_scaler.proto")])
    sys.path.insert(0, generated)
    messages = importlib.import_module("external_scaler_pb2")

# Answers that are bytes and no messages.
FAULTS = {
    "garbage": b"\xff" * 24,
    "truncated": b"\x0a\x7fqueue",
    "not-utf8": b"\x0a\x04\x0a\x02\xff\xfe",
    "group": b"\x0b\x0c",
    "field-zero": b"\x02\x00",
    "large": b"\x0a\x80\x80\x40" + b"\x00" * (1 << 20),
}


class Queue:
    def __init__(self):
        self.state = {"value": 0, "target": 5, "active": False}
        self.changed = asyncio.Event()
        self.changed_target = asyncio.Event()

    def set(self, change):
        before = dict(self.state)
        self.state.update(change)
        if before["active"] != self.state["active"]:
            self.changed.set()
            self.changed = asyncio.Event()
        if before["target"] != self.state["target"]:
            self.changed_target.set()
            self.changed_target = asyncio.Event()


queues = collections.defaultdict(Queue)


def queue_of(reference):
    queue = queues[reference.scalerMetadata["queue"] if "queue" in reference.scalerMetadata else "q"]
    if "set" in reference.scalerMetadata:
        queue.set(json.loads(reference.scalerMetadata["set"]))
    return queue


def metrics_of(reference):
    """The configured metrics; otherwise one whose name says what the request was about."""
    if "metrics" in reference.scalerMetadata:
        return json.loads(reference.scalerMetadata["metrics"])
    state = queue_of(reference).state
    return [{"name": "queueLength", "target": state["target"], "value": state["value"]}]


async def fail(method, reference, context):
    """Returns bytes in place of a message, or None."""
    place, _, fault = (reference.scalerMetadata["fault"] if "fault" in reference.scalerMetadata else "").partition("=")
    if place != method:
        return None
    if fault in FAULTS:
        return FAULTS[fault]
    if fault == "slow":
        await asyncio.sleep(3600)
    if fault == "crash":
        raise RuntimeError("the scaler has a bug")
    await context.abort(getattr(grpc.StatusCode, fault), "because the test says so, canary-of-the-scaler")


async def is_active(reference, context):
    active = queue_of(reference).state["active"]
    return await fail("IsActive", reference, context) or messages.IsActiveResponse(result=active)


async def get_metric_spec(reference, context):
    answer = messages.GetMetricSpecResponse()
    for metric in metrics_of(reference):
        answer.metricSpecs.add(
            metricName=metric["name"], targetSize=metric.get("target", 0),
            targetSizeFloat=float(metric.get("targetFloat", 0)))
    return await fail("GetMetricSpec", reference, context) or answer


async def get_metrics(request, context):
    reference = request.scaledObjectRef
    answer = messages.GetMetricsResponse()
    if request.metricName == "echo":
        entries = ",".join(f"{key}={value}" for key, value in sorted(reference.scalerMetadata.items()) if key != "metrics")
        print(f"{reference.namespace}/{reference.name} {entries}", flush=True)
    for metric in metrics_of(reference):
        if metric["name"] == request.metricName and metric.get("answered", True):
            answer.metricValues.add(
                metricName=metric.get("answeredName", metric["name"]), metricValue=metric.get("value", 0),
                metricValueFloat=float(
                    context.time_remaining() or -1 if metric["name"] == "timeLeft" else metric.get("valueFloat", 0)))
    return await fail("GetMetrics", reference, context) or answer


async def stream_is_active(reference, context):
    """Like the scalers of KEDA's documentation: nothing until the state changes."""
    await fail("StreamIsActive", reference, context)
    queue = queue_of(reference)
    print(f"stream of {reference.name}", flush=True)
    while True:
        await queue.changed.wait()
        yield messages.IsActiveResponse(result=queue.state["active"])


async def stream_metric_spec(reference, context):
    queue = queue_of(reference)
    print(f"stream of targets of {reference.name}", flush=True)
    while True:
        await queue.changed_target.wait()
        yield await get_metric_spec(reference, context)


async def follow_commands(server):
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        queue, _, change = line.decode().partition(" ")
        print(time.time_ns() // 1_000, flush=True)
        queues[queue].set(json.loads(change))
    await server.stop(None)


def encoded(message):
    return message if isinstance(message, bytes) else message.SerializeToString()


HANDLERS = {
    "IsActive": (grpc.unary_unary_rpc_method_handler, is_active, messages.ScaledObjectRef),
    "GetMetricSpec": (grpc.unary_unary_rpc_method_handler, get_metric_spec, messages.ScaledObjectRef),
    "GetMetrics": (grpc.unary_unary_rpc_method_handler, get_metrics, messages.GetMetricsRequest),
    "StreamIsActive": (grpc.unary_stream_rpc_method_handler, stream_is_active, messages.ScaledObjectRef),
    "StreamMetricSpec": (grpc.unary_stream_rpc_method_handler, stream_metric_spec, messages.ScaledObjectRef),
}


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--max-streams", type=int)
    parser.add_argument("--cert", type=pathlib.Path)
    parser.add_argument("--key", type=pathlib.Path)
    parser.add_argument("--client-ca", type=pathlib.Path)
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--commands", action="store_true")
    options = parser.parse_args()
    limits = [("grpc.max_concurrent_streams", options.max_streams)] if options.max_streams else []
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), *limits])
    handlers = {
        name: make(handler, request_deserializer=request.FromString, response_serializer=encoded)
        for name, (make, handler, request) in HANDLERS.items() if name not in options.without}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("externalscaler.ExternalScaler", handlers),))
    place = f"127.0.0.1:{options.port}"
    if options.cert:
        authority = options.client_ca.read_bytes() if options.client_ca else None
        port = server.add_secure_port(place, grpc.ssl_server_credentials(
            [(options.key.read_bytes(), options.cert.read_bytes())], authority, require_client_auth=bool(authority)))
    else:
        port = server.add_insecure_port(place)
    await server.start()
    print(f"listening on {port}", flush=True)
    await (follow_commands(server) if options.commands else server.wait_for_termination())


asyncio.run(main())
