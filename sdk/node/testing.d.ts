import type {Fields, Plugin, Problem, Reading} from "./index.js";

/** A host in the test's own process, which calls a plugin as GeneralScaler does. */
export class Host<F extends Fields> {
  constructor(plugin: Plugin<F>);
  /** Returns the result of any method; throws the `PluginError` that the plugin answered. */
  call(method: string, params: object): Promise<any>;
  /** Returns the faults of a config; none if it is valid. */
  validate(config: object): Promise<Problem[]>;
  value(config: object, options?: {milliseconds?: number}): Promise<Reading & {observedAt: string}>;
  range(config: object, from: string, to: string, stepSeconds: number): Promise<{at: string; value: number}[]>;
  subscribe(config: object): Promise<number>;
  unsubscribe(subscription: number): Promise<void>;
  /** Returns the next pushed reading; throws if the subscription ended. */
  nextReading(): Promise<Reading & {subscription: number}>;
}
