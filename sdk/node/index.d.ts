/** A password, a token or a key. It prints as `***`; only `reveal()` returns the text. */
export class Secret {
  constructor(text: string);
  /** Returns the text. Use it only to send the secret to the source. */
  reveal(): string;
}

export interface FieldOptions<T> {
  /** The value if the config omits the field. A field without a default is required, unless it is optional. */
  default?: T;
  /** The field may be omitted; its value is then undefined. */
  optional?: boolean;
}

export interface NumberOptions extends FieldOptions<number> {
  minimum?: number;
  maximum?: number;
}

export interface TextOptions extends FieldOptions<string> {
  /**
   * The text names the server to connect to, as `scheme://host:port` or `host:port`. The administrator can restrict which
   * servers are allowed.
   */
  address?: boolean;
  /**
   * What the operator fills into the field, in every call. A GeneralScaler that sets the field is rejected. Only for a field
   * of the config itself. `target.selector` is absent while the operator does not know the target, and
   * `metric.targetValue` for a metric without a target. With `defaults`, the field may have any type, and only the
   * administrator sets it, in plugins.yaml.
   */
  from?: "scaler.namespace" | "scaler.name" | "target.apiVersion" | "target.kind" | "target.name" | "target.selector"
    | "metric.targetValue" | "defaults";
}

export interface Field<T> {
  readonly help: string;
  readonly type?: T;
}

export interface Problem {
  /** The field, such as `tls.ca`. */
  path: string;
  message: string;
}

type Optional<T, O> = O extends {optional: true} ? T | undefined : T;
export type Fields = Record<string, Field<unknown>>;
/** The config that fields declare. */
export type ConfigOf<F extends Fields> = {[K in keyof F]: F[K] extends Field<infer T> ? T : never};

/** Declares the fields of a config. `help` is the meaning of a field, with its unit. */
export const field: {
  string<O extends TextOptions>(help: string, options?: O): Field<Optional<string, O>>;
  secret<O extends FieldOptions<string>>(help: string, options?: O): Field<Optional<Secret, O>>;
  boolean<O extends FieldOptions<boolean>>(help: string, options?: O): Field<Optional<boolean, O>>;
  number<O extends NumberOptions>(help: string, options?: O): Field<Optional<number, O>>;
  integer<O extends NumberOptions>(help: string, options?: O): Field<Optional<number, O>>;
  choice<C extends string, O extends FieldOptions<C>>(help: string, choices: readonly C[], options?: O): Field<Optional<C, O>>;
  object<F extends Fields, O extends FieldOptions<object>>(
    help: string, fields: F, options?: O & {validate?: (value: ConfigOf<F>) => Problem[]}
  ): Field<Optional<ConfigOf<F>, O>>;
  list<T, O extends FieldOptions<unknown[]> & {address?: boolean}>(help: string, element: Field<T>, options?: O): Field<Optional<T[], O>>;
  map<T, O extends FieldOptions<object>>(help: string, element: Field<T>, options?: O): Field<Optional<Record<string, T>, O>>;
};

export type TargetType = "Value" | "AverageValue";

export interface Reading {
  /** A finite number. If there is none, throw `new PluginError("no_data", ...)`; never return 0 instead. */
  value: number;
  /** The unit, such as `messages`. */
  unit?: string;
  /** The time at which the source observed the value: now if omitted. */
  observedAt?: Date;
  /** A note for users on how the value was determined. */
  detail?: string;
  /** Whether the source has no value and this is the value that the config assumes in that case. */
  assumed?: boolean;
  /**
   * The most replicas that the source has work for, such as the partitions of a topic that have messages: at least 1. The
   * metric then recommends no more. Omitted if there is no such limit.
   */
  usefulReplicas?: number;
  /**
   * Whether the source has work, if it says so itself. Replaces the comparison with `activationValue`: true starts the
   * target at 0 replicas, false starts nothing and counts as idle. Omitted if the value decides.
   */
  active?: boolean;
}

export interface Point {
  at: Date;
  value: number | null;
}

export interface Window {
  from: Date;
  to: Date;
  stepSeconds: number;
  /** Every time of the window. */
  times: Date[];
}

export interface Request {
  /** How the value is compared with its target. The plugin does not divide. */
  targetType: TargetType;
  /** Aborted when the answer is no longer needed: pass it to `fetch`. */
  signal: AbortSignal;
  /** The time that is left for the answer: use it as the timeout of requests to the source. */
  readonly millisecondsLeft: number;
}

export interface Plugin<F extends Fields> {
  /** The metric type; the executable is named `generalscaler-plugin-TYPE`. */
  type: string;
  /** The meaning of the value, in one sentence. */
  description: string;
  version: string;
  /** `AverageValue` (the default) for a total that the replicas share, `Value` for a value per replica. */
  targetType?: TargetType;
  /** Concurrent calls: 16 if omitted. */
  maxInFlight?: number;
  /** The age up to which a reading of a slow source counts as fresh. */
  maxAgeSeconds?: number;
  config?: F;
  /** Returns problems between fields that are valid individually. Must not do I/O. */
  validate?(config: ConfigOf<F>): Problem[];
  /** Returns the current value: a number, a reading, or null for no data. */
  value(config: ConfigOf<F>, request: Request): number | Reading | null | Promise<number | Reading | null>;
  /** Returns history, one point for each of the window's times that has a value. */
  range?(config: ConfigOf<F>, request: Request & {window: Window}): Iterable<Point> | Promise<Iterable<Point>>;
  /** Yields a value whenever it changes, the first immediately. */
  subscribe?(config: ConfigOf<F>, request: Request): AsyncIterable<number | Reading | null>;
}

export type ErrorKind =
  | "unsupported_version" | "config_invalid" | "auth_failed" | "source_unreachable" | "not_found" | "rate_limited"
  | "no_data" | "deadline_exceeded" | "busy" | "cancelled" | "cannot_subscribe" | "parse_error" | "invalid_request"
  | "method_not_found" | "invalid_params" | "internal_error";

/** An error that a plugin answers in place of a value. The SDK redacts the config's secrets in its message. */
export class PluginError extends Error {
  constructor(kind: ErrorKind, message: string, options?: {path?: string; retryAfterMs?: number});
  readonly kind: ErrorKind;
  readonly path?: string;
  readonly retryAfterMs?: number;
}

/**
 * Serves the host on standard input and output until the input ends, and exits. Both belong to the protocol from then on:
 * what the plugin prints goes to standard error. On Linux the processes that the plugin started end with it.
 *
 * An error that nothing catches is the answer to every call in flight, and ends the process with the status 1.
 */
export function run<F extends Fields>(plugin: Plugin<F>): void;
