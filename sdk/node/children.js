import {readFileSync, readdirSync} from "node:fs";

// The processes that are killed may start others during a scan.
const MAX_SCANS = 8;

/** Kills the processes that this one started, and those that they started, before it exits. Only Linux has `/proc`. */
export function killDescendants() {
  for (let scan = 0; scan < MAX_SCANS; scan += 1) {
    const running = descendants();
    if (running.length === 0) return;
    for (const id of running) {
      try {
        process.kill(id, "SIGKILL");
      } catch {
        // It has exited.
      }
    }
  }
}

function descendants() {
  const children = new Map();
  const ended = new Set();
  for (const id of processIDs()) {
    const [state, parent] = stateOf(id);
    if (state === "Z") ended.add(id);
    children.set(parent, [...(children.get(parent) ?? []), id]);
  }
  const found = [...(children.get(process.pid) ?? [])];
  for (const id of found) found.push(...(children.get(id) ?? []));
  return found.filter((id) => !ended.has(id));
}

function processIDs() {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

/** The state and the parent of a process, as in proc_pid_stat(5). The name before them may contain blanks. */
function stateOf(id) {
  try {
    const text = readFileSync(`/proc/${id}/stat`, "latin1");
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return [state, Number(parent)];
  } catch {
    return [];
  }
}
