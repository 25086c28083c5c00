"""Threads and pipes around a ``Session``."""

import asyncio
import inspect
import os
import queue
import sys
import threading
import time
from typing import Any, Callable, Dict, Optional

from .children import kill_descendants
from .declaration import check_fields
from .errors import PluginError
from .failures import FailureLog
from .plugin import MAX_REQUEST_BYTES, Plugin, takes_request
from .reading import Window, as_reading, range_json
from .session import Call, Session

READ_BYTES = 64 << 10
# After the end of input, how long calls in flight may still answer. The protocol demands the exit within 2 s.
DRAIN_SECONDS = 1.5
PUSH_SPACING_SECONDS = 0.05
MAX_PUSHES_PER_SECOND = 2_000


class Request:
    """The request of a call, apart from its config.

    Attributes:
        target_type: ``Value`` or ``AverageValue``. The plugin does not divide.
        window: The times of a history; None for other calls.
        cancelled: An event that is set when the answer is no longer needed.
    """

    def __init__(self, call: Call) -> None:
        self.target_type: str = call.target_type
        self.window: Optional[Window] = call.window
        self.cancelled: threading.Event = call.cancelled
        self._deadline = call.watchdog

    @property
    def seconds_left(self) -> float:
        """The time that is left for the answer: use it as the timeout of requests to the source."""
        return max(0.001, self._deadline - time.monotonic())


class Server:
    """Serves one host on two descriptors."""

    def __init__(self, plugin: Plugin, read_descriptor: int, write_descriptor: int) -> None:
        self._plugin, self._input, self._output = plugin, read_descriptor, write_descriptor
        self._write_lock = threading.Lock()
        # A thread that holds it may take the session's lock, so a thread with the session's lock must not take it.
        self._wake = threading.Condition()
        self._work: "queue.SimpleQueue[Call]" = queue.SimpleQueue()
        self._idle_workers = 0
        self._worker_lock = threading.Lock()
        self._outbox = Outbox()
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._is_over = False
        self._failures = FailureLog()
        self._session = Session(plugin, self._write, self._start, self._failures)

    def serve(self) -> None:
        """Serves until the end of input or ``shutdown``."""
        threading.Thread(target=self._keep_time, name="watchdog", daemon=True).start()
        self._read()
        end = time.monotonic() + DRAIN_SECONDS
        while not self._session.is_idle and not self._session.is_shut_down and time.monotonic() < end:
            with self._wake:
                self._wake.wait(min(0.05, max(0.0, end - time.monotonic())))
        with self._wake:
            self._is_over = True
            self._wake.notify_all()

    def _read(self) -> None:
        buffer, overlong = bytearray(), False
        while not self._session.is_shut_down:
            piece = os.read(self._input, READ_BYTES)
            if not piece:
                return
            *lines, rest = piece.split(b"\n")
            for line in lines:
                if overlong or len(buffer) + len(line) > MAX_REQUEST_BYTES:
                    self._session.receive_overlong()
                else:
                    self._session.receive(bytes(buffer) + line)
                buffer.clear()
                overlong = False
                if self._session.is_shut_down:
                    return
            overlong = overlong or len(buffer) + len(rest) > MAX_REQUEST_BYTES
            if not overlong:
                buffer += rest

    def _write(self, line: bytes) -> None:
        with self._write_lock:
            view = memoryview(line)
            try:
                while view:
                    view = view[os.write(self._output, view):]
            except OSError:
                # The host is gone: its end of input ends this process.
                return

    # Calls

    def _start(self, call: Call) -> None:
        with self._wake:
            self._wake.notify_all()
        function = self._plugin.functions[call.kind]
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            asyncio.run_coroutine_threadsafe(self._run_async(call, function), self._event_loop())
        elif call.kind == "subscribe":
            threading.Thread(target=self._subscribe, args=(call, function), daemon=True).start()
        else:
            with self._worker_lock:
                if self._idle_workers == 0:
                    threading.Thread(target=self._run_calls, daemon=True).start()
                else:
                    self._idle_workers -= 1
            self._work.put(call)

    def _run_calls(self) -> None:
        while True:
            call = self._work.get()
            self._run(call, self._plugin.functions[call.kind])
            with self._worker_lock:
                if self._idle_workers >= self._plugin.max_in_flight:
                    return
                self._idle_workers += 1

    def _run(self, call: Call, function: Callable[..., Any]) -> None:
        try:
            self._finish(call, function(*_arguments(call, function)))
        except BaseException as error:  # pylint: disable=broad-except
            self._session.fail(call, self._failures.answer(error, call.secrets))

    async def _run_async(self, call: Call, function: Callable[..., Any]) -> None:
        if call.kind == "subscribe":
            return await self._subscribe_async(call, function)
        task = asyncio.ensure_future(function(*_arguments(call, function)))
        try:
            self._finish(call, await asyncio.wait_for(task, max(0.0, call.deadline - time.monotonic())))
        except asyncio.TimeoutError:
            self._session.fail(call, PluginError("deadline_exceeded", "no answer by the deadline"))
        except Exception as error:  # pylint: disable=broad-except
            self._session.fail(call, self._failures.answer(error, call.secrets))

    def _finish(self, call: Call, value: Any) -> None:
        if call.kind == "range":
            assert call.window is not None
            self._session.finish(call, range_json(value, call.window))
        else:
            self._session.finish(call, as_reading(value).to_json())

    def _event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="asyncio", daemon=True).start()
        return self._loop

    # Subscriptions

    def _subscribe(self, call: Call, function: Callable[..., Any]) -> None:
        is_open = False
        try:
            readings = iter(function(*_arguments(call, function)))
            for value in readings:
                if not is_open:
                    is_open = self._session.finish(call, {})
                if not (is_open and self._put(call, value)):
                    getattr(readings, "close", lambda: None)()
                    return
            error = PluginError("cannot_subscribe", "the plugin has no further readings")
        except BaseException as raised:  # pylint: disable=broad-except
            error = self._failures.answer(raised, call.secrets)
        self._end(call, error, is_open)

    async def _subscribe_async(self, call: Call, function: Callable[..., Any]) -> None:
        is_open = False
        try:
            readings = function(*_arguments(call, function))
            async for value in readings:
                if not is_open:
                    is_open = self._session.finish(call, {})
                if not (is_open and self._put(call, value)):
                    await readings.aclose()
                    return
            error = PluginError("cannot_subscribe", "the plugin has no further readings")
        except Exception as raised:  # pylint: disable=broad-except
            error = self._failures.answer(raised, call.secrets)
        self._end(call, error, is_open)

    def _put(self, call: Call, value: Any) -> bool:
        if not self._session.is_subscribed(call):
            return False
        if value is not None:
            with self._wake:
                self._outbox.put(call, as_reading(value).to_json())
                self._wake.notify_all()
        return True

    def _end(self, call: Call, error: PluginError, is_open: bool) -> None:
        if is_open:
            for due, reading in self._outbox.take(call):
                self._session.push(due, reading)
            self._session.end_subscription(call, error)
        else:
            self._session.fail(call, error)

    # Time

    def _keep_time(self) -> None:
        while True:
            self._session.expire()
            with self._wake:
                if self._is_over:
                    return
                due = self._outbox.take_due(time.monotonic())
                if not due:
                    times = [t for t in (self._session.next_deadline(), self._outbox.next_due) if t is not None]
                    self._wake.wait(max(0.0, min(times) - time.monotonic()) if times else None)
            for call, reading in due:
                self._session.push(call, reading)


class Outbox:
    """Readings that wait to be sent: the newest of each subscription, within the protocol's rates."""

    def __init__(self) -> None:
        self._waiting: Dict[Call, Dict[str, Any]] = {}
        self._next: Dict[Call, float] = {}
        self._second = (0, 0)

    def put(self, call: Call, reading: Dict[str, Any]) -> None:
        """Adds a reading and replaces one that has not been sent."""
        self._waiting[call] = reading

    @property
    def next_due(self) -> Optional[float]:
        """The monotonic time at which a reading may be sent."""
        return min((self._next.get(call, 0.0) for call in self._waiting), default=None)

    def take(self, call: Call) -> Any:
        """Removes and returns the waiting reading of a subscription that ends."""
        self._next.pop(call, None)
        reading = self._waiting.pop(call, None)
        return [] if reading is None else [(call, reading)]

    def take_due(self, now: float) -> Any:
        """Removes and returns the readings that may be sent now."""
        second, sent = self._second
        if int(now) != second:
            second, sent = int(now), 0
        due = []
        for call in [call for call in self._waiting if self._next.get(call, 0.0) <= now]:
            if sent >= MAX_PUSHES_PER_SECOND:
                self._next[call] = second + 1.0
                continue
            sent += 1
            self._next[call] = now + PUSH_SPACING_SECONDS
            due.append((call, self._waiting.pop(call)))
        self._second = (second, sent)
        for call in [call for call in self._next if call.cancelled.is_set() and call not in self._waiting]:
            del self._next[call]
        return due


def _arguments(call: Call, function: Callable[..., Any]) -> Any:
    return (call.config, Request(call)) if takes_request(function) else (call.config,)


def serve_process(plugin: Plugin) -> None:
    """Serves on standard input and output, which from then on belong to the protocol alone: what the plugin prints, and
    what its children and C libraries print, goes to standard error. What the plugin started ends with it."""
    check_fields(plugin.config_type)
    read_descriptor, write_descriptor = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    sys.stdout.flush()
    sys.stdout = sys.stderr
    Server(plugin, read_descriptor, write_descriptor).serve()
    sys.stderr.flush()
    kill_descendants()
    # Threads that are stuck in a library would keep the process alive past the 2 s of the protocol.
    os._exit(0)  # pylint: disable=protected-access
