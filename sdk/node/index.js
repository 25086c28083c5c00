import {writeSync} from "node:fs";
import {Worker} from "node:worker_threads";
import {parseConfig, schemaOf, secretsAt} from "./config.js";
import {PluginError} from "./errors.js";
import {FailureLog, oneLine, traceOf} from "./failures.js";
import {redact} from "./redaction.js";
import {MAX_REQUEST_BYTES} from "./session.js";

export {Secret, field} from "./config.js";
export {PluginError} from "./errors.js";

const DEFAULT_MAX_IN_FLIGHT = 16;
const MAX_REPLICAS = 2_147_483_647;

/** What the handshake says of a plugin. */
export function identityOf(plugin) {
  for (const name of ["type", "description", "version", "value"]) {
    if (!plugin[name]) throw new TypeError(`a plugin needs ${name}`);
  }
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
  #failures = new FailureLog();

  constructor(plugin, post) {
    this.plugin = plugin;
    this.post = post;
    this.schema = schemaOf(plugin.config ?? {});
  }

  /** The secrets of the calls that run. */
  get secrets() { return [...this.#calls.values()].flatMap(({secrets}) => secrets); }

  cancel(token) { this.#calls.get(token)?.abort.abort(); }

  async start({token, method, config: json, targetType, window, timeoutMs}) {
    const secrets = secretsAt(this.schema, json);
    const abort = new AbortController();
    this.#calls.set(token, {abort, secrets});
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
 */
export function run(plugin) {
  const identity = identityOf(plugin);
  Object.defineProperty(process, "stdout", {configurable: true, get: () => process.stderr});
  globalThis.console = new console.Console(process.stderr, process.stderr);
  const worker = new Worker(new URL("./worker.js", import.meta.url), {workerData: {identity}});
  const runner = new Runner(plugin, (method, token, value) => worker.postMessage({method, token, value}));
  // Node ends its own report with its version, and the log's last line is what the host shows of a plugin that has ended.
  process.on("uncaughtException", (error) => {
    writeSync(2, traceOf(error, runner.secrets));
    process.exit(1);
  });
  worker.on("message", (message) => {
    if (message.call) runner.start(message.call);
    else if (message.cancel) runner.cancel(message.cancel);
    else if (message.exit) process.exit(0);
  });
  worker.on("error", (error) => { throw error; });
}
