import {writeSync} from "node:fs";
import {Worker} from "node:worker_threads";
import {killDescendants} from "./children.js";
import {checkFields, parseConfig, schemaOf, secretsAt} from "./config.js";
import {PluginError, describe} from "./errors.js";
import {FailureLog, oneLine, traceOf} from "./failures.js";
import {redact} from "./redaction.js";
import {MAX_REQUEST_BYTES} from "./session.js";

export {Secret, field} from "./config.js";
export {PluginError} from "./errors.js";

const DEFAULT_MAX_IN_FLIGHT = 16;
const MAX_REPLICAS = 2_147_483_647;
// Secrets of earlier calls, whose code may fail after its answer.
const MAX_PAST_SECRETS = 256;
// How long a process that exits waits for the answers to its calls.
const ANSWER_MS = 1_000;

/** What the handshake says of a plugin. */
export function identityOf(plugin) {
  for (const name of ["type", "description", "version", "value"]) {
    if (!plugin[name]) throw new TypeError(`a plugin needs ${name}`);
  }
  checkFields(plugin.config ?? {});
  const metric = {
    type: plugin.type, description: plugin.description,
    configSchema: {$schema: "https://json-schema.org/draft/2020-12/schema", ...schemaOf(plugin.config ?? {})},
    defaultTargetType: plugin.targetType ?? "AverageValue",
  };
  if (plugin.maxAgeSeconds !== undefined) metric.maxAgeMs = Math.round(plugin.maxAgeSeconds * 1_000);
  return {
    protocolVersion: 1,
    plugin: {name: plugin.type, version: plugin.version},
    metricTypes: [metric],
    capabilities: {
      maxInFlight: plugin.maxInFlight ?? DEFAULT_MAX_IN_FLIGHT, cancel: true, batch: false, range: !!plugin.range,
      subscribe: !!plugin.subscribe, maxRequestBytes: MAX_REQUEST_BYTES,
    },
  };
}

/** Runs the plugin's code for the calls that the protocol's thread passes on. */
export class Runner {
  #calls = new Map();
  #pastSecrets = new Set();
  #failures = new FailureLog();

  constructor(plugin, post) {
    this.plugin = plugin;
    this.post = post;
    this.schema = schemaOf(plugin.config ?? {});
  }

  /** The secrets of the calls that run, and of the latest ones that have ended. */
  get secrets() { return [...this.#pastSecrets, ...[...this.#calls.values()].flatMap(({secrets}) => secrets)]; }

  cancel(token) { this.#calls.get(token)?.abort.abort(); }

  async start({token, method, config: json, targetType, window, timeoutMs}) {
    const secrets = secretsAt(this.schema, json);
    const abort = new AbortController();
    this.#calls.set(token, {abort, secrets});
    this.#remember(secrets);
    const deadline = performance.now() + timeoutMs;
    try {
      const {config, problems} = parseConfig(this.plugin.config ?? {}, this.plugin.validate, json);
      if (method === "validate_config") {
        const errors = problems.map(({path, message}) => ({path, message: oneLine(redact(message, secrets))}));
        this.post("finish", token, problems.length ? {valid: false, errors} : {valid: true});
        return;
      }
      if (problems.length) {
        const text = problems.map(({path, message}) => (path ? `${path}: ${message}` : message)).join("; ");
        throw new PluginError("config_invalid", text, {path: problems[0].path});
      }
      const request = {
        targetType, signal: abort.signal, window: window && windowOf(window),
        get millisecondsLeft() { return Math.max(1, deadline - performance.now()); },
      };
      await this.#answer(token, method, config, request, secrets);
    } catch (error) {
      this.post("fail", token, this.#failures.answer(error, secrets).toObject());
    } finally {
      this.#calls.delete(token);
    }
  }

  #remember(secrets) {
    for (const secret of secrets) {
      this.#pastSecrets.delete(secret);
      this.#pastSecrets.add(secret);
    }
    const excess = Math.max(0, this.#pastSecrets.size - MAX_PAST_SECRETS);
    for (const secret of [...this.#pastSecrets].slice(0, excess)) this.#pastSecrets.delete(secret);
  }

  async #answer(token, method, config, request, secrets) {
    if (method === "subscribe") return this.#subscribe(token, config, request, secrets);
    if (method === "get_metric_range") {
      this.post("finish", token, rangeOf(await this.plugin.range(config, request), request.window));
      return;
    }
    this.post("finish", token, readingOf(await this.plugin.value(config, request), secrets));
  }

  async #subscribe(token, config, request, secrets) {
    let isOpen = false;
    let failure = new PluginError("cannot_subscribe", "the plugin has no further readings");
    try {
      for await (const value of this.plugin.subscribe(config, request)) {
        if (request.signal.aborted) return;
        if (!isOpen) this.post("finish", token, {});
        isOpen = true;
        // A missing value is not pushed.
        if (value !== undefined && value !== null) this.post("push", token, readingOf(value, secrets));
      }
    } catch (error) {
      failure = this.#failures.answer(error, secrets);
    }
    if (!isOpen) throw failure;
    if (!request.signal.aborted) this.post("endSubscription", token, failure.message);
  }
}

function windowOf({from, to, stepSeconds}) {
  const times = [];
  for (let at = from; at <= to; at += stepSeconds * 1_000) times.push(new Date(at));
  return {from: new Date(from), to: new Date(to), stepSeconds, times};
}

function readingOf(value, secrets) {
  if (value === undefined || value === null) throw new PluginError("no_data", "the plugin returned no value");
  const reading = typeof value === "object" ? value : {value};
  if (typeof reading.value !== "number") {
    throw new PluginError("internal_error", `the plugin returned a ${typeof reading.value} instead of a number`);
  }
  if (!Number.isFinite(reading.value)) {
    throw new PluginError("no_data", `the value is ${String(reading.value).toLowerCase()}, which counts as no data`);
  }
  const result = {value: reading.value, observedAt: (reading.observedAt ?? new Date()).toISOString()};
  if (reading.unit !== undefined) result.unit = redact(reading.unit, secrets);
  if (reading.detail !== undefined) result.detail = redact(reading.detail, secrets);
  if (reading.assumed) result.assumed = true;
  const useful = reading.usefulReplicas;
  if (useful !== undefined) {
    if (!Number.isInteger(useful) || useful < 1 || useful > MAX_REPLICAS) {
      throw new PluginError("internal_error", `usefulReplicas is ${useful}: it must be from 1 to ${MAX_REPLICAS}`);
    }
    result.usefulReplicas = useful;
  }
  if (reading.active !== undefined) {
    if (typeof reading.active !== "boolean") {
      throw new PluginError("internal_error", `active is ${reading.active}: it must be true or false`);
    }
    result.active = reading.active;
  }
  return result;
}

function rangeOf(points, window) {
  const known = [...points].filter(({value}) => Number.isFinite(value)).sort((a, b) => a.at - b.at);
  if (known.length === 0) throw new PluginError("no_data", "there is no value in the requested time range");
  if (known.some(({at}, index) => index > 0 && +at === +known[index - 1].at)) {
    throw new PluginError("internal_error", "the points contain a time twice");
  }
  if (known[0].at < window.from || known.at(-1).at > window.to) {
    throw new PluginError("internal_error", "the points are outside of the window");
  }
  return {points: known.map(({at, value}) => ({at: at.toISOString(), value}))};
}

/**
 * Serves the host on standard input and output until the input ends, and exits. Both belong to the protocol from then on:
 * what the plugin prints goes to standard error.
 *
 * An error that nothing catches is the answer to every call in flight, and ends the process with the status 1.
 */
export function run(plugin) {
  Object.defineProperty(process, "stdout", {configurable: true, get: () => process.stderr});
  globalThis.console = new console.Console(process.stderr, process.stderr);
  let worker, runner;
  let isEnding = false;
  const answered = new Int32Array(new SharedArrayBuffer(4));
  const answerAll = (message) => {
    if (!worker) return;
    worker.postMessage({failure: new PluginError("internal_error", message).toObject()});
    if (Atomics.wait(answered, 0, 0, ANSWER_MS) !== "timed-out") return;
    // The host does not read, and a thread that waits for it keeps a process from exiting.
    killDescendants();
    process.kill(process.pid, "SIGKILL");
  };
  const fail = (error) => {
    isEnding = true;
    const secrets = runner?.secrets ?? [];
    const message = oneLine(redact(describe(error), secrets));
    // The last line is what the host shows of a plugin that has ended.
    writeSync(2, `${traceOf(error, secrets)}uncaught ${message}\n`);
    answerAll(message);
    process.exit(1);
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  process.on("exit", (status) => {
    if (!isEnding) answerAll(`the plugin's code ended the process with the status ${status}`);
    killDescendants();
  });

  const identity = identityOf(plugin);
  worker = new Worker(new URL("./worker.js", import.meta.url), {workerData: {identity, answered}});
  runner = new Runner(plugin, (method, token, value) => worker.postMessage({method, token, value}));
  worker.on("message", (message) => {
    if (message.call) return void runner.start(message.call);
    if (message.cancel) return runner.cancel(message.cancel);
    isEnding = true;
    process.exit(0);
  });
  worker.on("error", (error) => {
    worker = undefined;
    fail(error);
  });
}
