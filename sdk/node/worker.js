// The protocol's thread: it reads and writes the pipes and keeps the deadlines, also while the plugin's code blocks.
import {createReadStream, fstatSync, writeSync} from "node:fs";
import {Socket} from "node:net";
import {ReadStream, isatty} from "node:tty";
import {parentPort, workerData} from "node:worker_threads";
import {killDescendants} from "./children.js";
import {MAX_REQUEST_BYTES, Session} from "./session.js";

// After the end of input, how long calls in flight may still answer. The protocol demands the exit within 2 s.
const DRAIN_MS = 1_400;
// When the process exits even if the plugin's code blocks.
const KILL_MS = 400;
const RETRY_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

function write(text) {
  let data = Buffer.from(text);
  while (data.length > 0) {
    try {
      data = data.subarray(writeSync(1, data));
    } catch (error) {
      // The pipe is full.
      if (error.code !== "EAGAIN") return;
      Atomics.wait(pause, 0, 0, RETRY_MS);
    }
  }
}

const session = new Session(workerData.identity, {
  write,
  run: (call) => parentPort.postMessage({call}),
  cancel: (token) => parentPort.postMessage({cancel: token}),
});

parentPort.on("message", ({method, token, value, failure}) => {
  if (!failure) return session[method](token, value);
  // The main thread waits for the answers, and then exits.
  session.failAll(failure);
  Atomics.store(workerData.answered, 0, 1);
  Atomics.notify(workerData.answered, 0);
});

function end() {
  // Code that waits for a child returns.
  killDescendants();
  parentPort.postMessage({exit: true});
  setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_MS);
}

function drain() {
  const start = performance.now();
  const timer = setInterval(() => {
    if (!session.isIdle && performance.now() - start < DRAIN_MS) return;
    clearInterval(timer);
    end();
  }, RETRY_MS);
}

let pieces = [];
let length = 0;

function take(piece, isLast) {
  length += piece.length;
  if (length <= MAX_REQUEST_BYTES) pieces.push(piece);
  if (!isLast) return;
  if (length > MAX_REQUEST_BYTES) session.receiveOverlong();
  else session.receive(Buffer.concat(pieces));
  pieces = [];
  length = 0;
}

/** Standard input. A thread that waits in a read of a file would keep the process from exiting, so pipes are polled. */
function standardInput() {
  if (isatty(0)) return new ReadStream(0);
  const kind = fstatSync(0);
  if (kind.isFIFO() || kind.isSocket()) return new Socket({fd: 0, readable: true, writable: false});
  return createReadStream("", {fd: 0, autoClose: false});
}

const input = standardInput();
input.on("data", (chunk) => {
  let start = 0;
  for (let end = chunk.indexOf(10); end >= 0 && !session.isShutDown; end = chunk.indexOf(10, start)) {
    take(chunk.subarray(start, end), true);
    start = end + 1;
  }
  if (session.isShutDown) {
    input.destroy();
    end();
    return;
  }
  take(chunk.subarray(start), false);
});
input.on("end", drain);
input.on("error", drain);
