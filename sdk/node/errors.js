import {inspect} from "node:util";

/** kind: [JSON-RPC code, whether the same call can succeed later without a change of its config] */
export const kinds = {
  unsupported_version: [1000, false],
  config_invalid: [1001, false],
  auth_failed: [1002, false],
  source_unreachable: [1003, true],
  not_found: [1004, false],
  rate_limited: [1005, true],
  no_data: [1006, true],
  deadline_exceeded: [1007, true],
  busy: [1008, true],
  cancelled: [1009, false],
  cannot_subscribe: [1010, false],
  parse_error: [-32700, false],
  invalid_request: [-32600, false],
  method_not_found: [-32601, false],
  invalid_params: [-32602, false],
  internal_error: [-32603, true],
};

const NETWORK_CODES = new Set([
  "ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "EPIPE", "EAI_AGAIN", "ENOENT",
  "EACCES", "EISDIR", "ENOTDIR",
]);

/** The class and the message of an error, and of its cause. */
export function describe(error) {
  return error?.cause === undefined ? headOf(error) : `${headOf(error)}, caused by ${headOf(error.cause)}`;
}

/** The class and the message of an error. */
export function headOf(error) {
  if (!(error instanceof Error)) return typeof error === "string" ? error : inspect(error);
  const name = error.name === "Error" ? (error.constructor?.name ?? "Error") : error.name;
  return error.message ? `${name}: ${error.message}` : name;
}

/** An error of the plugin protocol. */
export class PluginError extends Error {
  constructor(kind, message, {path, retryAfterMs} = {}) {
    if (!Object.hasOwn(kinds, kind)) throw new TypeError(`unknown error kind ${kind}; known kinds: ${Object.keys(kinds).join(", ")}`);
    super(message);
    this.kind = kind;
    this.path = path;
    this.retryAfterMs = retryAfterMs;
  }

  /** The `error` member of a response. */
  toObject() {
    const [code, retryable] = kinds[this.kind];
    const data = {kind: this.kind, retryable};
    if (this.retryAfterMs !== undefined) data.retryAfterMs = this.retryAfterMs;
    if (this.path) data.path = this.path;
    return {code, message: this.message, data};
  }
}

/** The error that the host sees for what the plugin's code threw. */
export function asPluginError(error) {
  if (error instanceof PluginError) return error;
  if (error?.name === "AbortError" || error?.name === "TimeoutError") {
    return new PluginError("source_unreachable", `the source timed out: ${error.message}`);
  }
  const code = error?.code ?? error?.cause?.code;
  if (!NETWORK_CODES.has(code)) return new PluginError("internal_error", describe(error));
  return new PluginError("source_unreachable", error.cause?.message || error.message || String(error));
}
