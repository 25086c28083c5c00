"""Ends the processes that the plugin started."""

import os
import signal
from typing import Dict, Iterator, List, Tuple

# The processes that are killed may start others during a scan.
MAX_SCANS = 8


def kill_descendants() -> None:
    """Kills the processes that this one started, and those that they started, before it exits. Only Linux has ``/proc``."""
    for _ in range(MAX_SCANS):
        running = _descendants()
        if not running:
            return
        for process in running:
            try:
                os.kill(process, signal.SIGKILL)
            except OSError:
                # It has exited.
                pass


def _descendants() -> List[int]:
    children: Dict[int, List[int]] = {}
    ended = set()
    for process, state, parent in _processes():
        children.setdefault(parent, []).append(process)
        if state == "Z":
            ended.add(process)
    found = list(children.get(os.getpid(), []))
    for process in found:
        found += children.get(process, [])
    return [process for process in found if process not in ended]


def _processes() -> Iterator[Tuple[int, str, int]]:
    """The id, the state and the parent of each process, as in proc_pid_stat(5)."""
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in filter(str.isdigit, names):
        try:
            with open(f"/proc/{name}/stat", encoding="latin-1") as file:
                # The name of the program may contain blanks and parentheses.
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        yield int(name), state, int(parent)
