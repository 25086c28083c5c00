import {PluginError, asPluginError} from "./errors.js";
import {redact} from "./redaction.js";

// Stack traces within PERIOD_MS, and lines of one: a source at which every call fails must not fill the log.
const MAX_TRACES = 4;
const MAX_LINES = 40;
const PERIOD_MS = 60_000;
const MAX_CAUSES = 5;
const SDK = new URL(".", import.meta.url).href;
const isForeign = (frame) => !frame.includes("node:internal") && !(frame.includes(SDK) && /^[^/]*$/.test(frame.split(SDK)[1]));

/** A message of several lines as one. */
export const oneLine = (text) => text.split(/[\r\n]+/).map((line) => line.trim()).filter(Boolean).join(" ");

/** Writes the stack traces of the plugin's code to standard error, without secrets. */
export class FailureLog {
  #times = [];

  /** The error that the host sees. An error that the plugin's author did not expect is logged. */
  answer(error, secrets) {
    const known = asPluginError(error);
    if (known.kind === "internal_error" && !(error instanceof PluginError)) this.#log(error, secrets);
    const {kind, path, retryAfterMs} = known;
    return new PluginError(kind, oneLine(redact(known.message, secrets)), {path, retryAfterMs});
  }

  #log(error, secrets) {
    const now = performance.now();
    this.#times = this.#times.filter((time) => now - time < PERIOD_MS);
    if (this.#times.length >= MAX_TRACES) return;
    this.#times.push(now);
    if (this.#times.length === MAX_TRACES) {
      process.stderr.write(`no more than ${MAX_TRACES} stack traces are logged within ${PERIOD_MS / 1_000} s; this is the last\n`);
    }
    process.stderr.write(traceOf(error, secrets));
  }
}

/** The stack trace of an error, from the outermost call in. Its last line is the error's message. */
export function traceOf(error, secrets) {
  const texts = [];
  for (let cause = error; cause !== undefined && texts.length < MAX_CAUSES; cause = cause?.cause) texts.unshift(textOf(cause));
  let lines = redact(texts.join("\n"), secrets).split("\n");
  if (lines.length > MAX_LINES) lines = [`(${lines.length - MAX_LINES} lines are omitted)`, ...lines.slice(-MAX_LINES)];
  return `${lines.join("\n")}\n`;
}

function textOf(error) {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line) && isForeign(line));
  // The message may have several lines, one of which may look like a frame.
  const own = frames.filter((frame) => !error.message.includes(frame));
  const code = typeof error.code === "string" ? ` [${error.code}]` : "";
  return [...own.reverse(), `${error.name}${code}: ${error.message}`].join("\n");
}
