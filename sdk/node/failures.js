import {PluginError, asPluginError, headOf} from "./errors.js";
import {redact} from "./redaction.js";

// Stack traces within PERIOD_MS, and lines of one: a source at which every call fails must not fill the log.
const MAX_TRACES = 4;
const MAX_LINES = 40;
const MAX_MESSAGE_LINES = 12;
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

/** The message of an error and its stack trace, and those of its causes. */
export function traceOf(error, secrets) {
  const texts = [];
  for (let cause = error; cause !== undefined && texts.length < MAX_CAUSES; cause = cause?.cause) texts.push(textOf(cause));
  const lines = redact(texts.join("\ncaused by "), secrets).split("\n");
  return `${firstOf(lines, MAX_LINES).join("\n")}\n`;
}

function textOf(error) {
  const message = firstOf(headOf(error).split("\n"), MAX_MESSAGE_LINES);
  if (!(error instanceof Error)) return message.join("\n");
  const frames = (error.stack ?? "").split("\n").filter((line) => /^ +at /.test(line) && isForeign(line));
  // The message may have several lines, one of which may look like a frame.
  return [...message, ...frames.filter((frame) => !error.message.includes(frame))].join("\n");
}

function firstOf(lines, count) {
  return lines.length > count ? [...lines.slice(0, count), `(${lines.length - count} lines are omitted)`] : lines;
}
