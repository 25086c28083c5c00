import {PluginError, identityOf, Runner} from "./index.js";
import {kinds} from "./errors.js";
import {Session} from "./session.js";

const DEFAULT_MS = 5_000;

/** A host in the test's own process, which calls a plugin as GeneralScaler does. */
export class Host {
  #answers = new Map();
  #pushed = [];
  #waiting = [];
  #lastId = 0;

  constructor(plugin) {
    this.plugin = plugin;
    const identity = identityOf(plugin);
    const runner = new Runner(plugin, (method, token, value) => this.session[method](token, value));
    this.session = new Session(identity, {
      write: (line) => this.#receive(JSON.parse(line)),
      run: (call) => void runner.start(call),
      cancel: (token) => runner.cancel(token),
    });
    this.#send(0, "initialize", {protocolVersions: [1]});
  }

  #send(id, method, params) {
    this.session.receive(Buffer.from(JSON.stringify({jsonrpc: "2.0", id, method, params})));
  }

  #receive(message) {
    if (message.method) {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#pushed.push(message);
      return;
    }
    this.#answers.get(message.id)?.(message);
    this.#answers.delete(message.id);
  }

  /** The result of any method; throws the error that the plugin answered. */
  async call(method, params) {
    const id = ++this.#lastId;
    const answer = await new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.#send(id, method, params);
    });
    if (!answer.error) return answer.result;
    const {code, message, data = {}} = answer.error;
    const kind = Object.keys(kinds).find((name) => kinds[name][0] === code);
    throw new PluginError(kind, message, {path: data.path, retryAfterMs: data.retryAfterMs});
  }

  /** The faults of a config; none if it is valid. */
  async validate(config) {
    const {errors = []} = await this.call("validate_config", {type: this.plugin.type, config});
    return errors;
  }

  /** The reading of a config. */
  value(config, {milliseconds = DEFAULT_MS} = {}) {
    return this.call("get_metric_value", this.#params(config, milliseconds));
  }

  /** The history of a config. */
  async range(config, from, to, stepSeconds) {
    return (await this.call("get_metric_range", {...this.#params(config, DEFAULT_MS), from, to, stepSeconds})).points;
  }

  /** Subscribes to a config: the subscription. */
  async subscribe(config) {
    const subscription = this.#lastId + 1;
    await this.call("subscribe", this.#params(config, DEFAULT_MS));
    return subscription;
  }

  unsubscribe(subscription) { return this.call("unsubscribe", {subscription}); }

  /** The next pushed reading; throws if the subscription ended. */
  async nextReading() {
    const message = this.#pushed.shift() ?? (await new Promise((resolve) => this.#waiting.push(resolve)));
    if (message.method === "subscription_ended") throw new PluginError("cannot_subscribe", message.params.message);
    return message.params;
  }

  #params(config, milliseconds) {
    return {type: this.plugin.type, config, targetType: this.plugin.targetType ?? "AverageValue", deadlineMs: milliseconds};
  }
}
