extension RuleBook {
    static let launch: [Rule] = [
        .checked(
            .fileName, .launch, "File name",
            """
            A plugin is one executable file named `generalscaler-plugin-T`, where `T` is a metric type that it \
            reads, or all its metric types begin with `T-`. Only `argv` in `plugins.yaml` may name a program with another name.
            """,
            fix: "rename the file to generalscaler-plugin- and one of its metric types"),
        .checked(
            .bareStart, .launch, "Bare start",
            """
            A plugin starts without arguments, in any directory, with pipes for standard input, output and error, \
            and with no environment except `PATH`, the locale, `TZ`, `TMPDIR`, the certificate and the proxy \
            variables.
            """,
            fix: "give every setting a default, or make it a field of the config"),
        .checked(
            .oneshot, .launch, "Oneshot",
            """
            With `mode: oneshot` in `plugins.yaml`, the program runs once for each request of any method: it reads \
            one line, writes one line, and exits 0 within the request's deadline. Rules about lifetime and \
            concurrency do not apply to it.
            """,
            fix: "answer the one line on standard input for every method, then exit 0"),
    ]

    static let handshake: [Rule] = [
        .checked(
            .initialize, .handshake, "The first answer",
            """
            The first request is `initialize {protocolVersions, host: {name, version}, limits: {maxRequestBytes, \
            maxResponseBytes}}`. A plugin answers it within 30 s of its start, and writes nothing to standard output \
            before.
            """,
            fix: "read a line from standard input at once, answer it with its own id, and flush standard output"),
        .checked(
            .handshakeShape, .handshake, "Result of initialize",
            """
            The result is `{protocolVersion, plugin: {name, version}, metricTypes, capabilities?}`.
            """,
            fix: "compare the result with docs/reference/schemas/initialize-result.json"),
        .checked(
            .versionOffered, .handshake, "Version",
            """
            `protocolVersion` is one of the numbers in the request's `protocolVersions`. This page is version 1.
            """,
            fix: "answer protocolVersion 1 if 1 is offered"),
        .checked(
            .noCommonVersion, .handshake, "No common version",
            """
            If the plugin knows none of the offered versions, it answers the error 1000 (`unsupported_version`), \
            with its own versions in the message.
            """,
            fix: "look for 1 in protocolVersions, and answer the error 1000 if it is missing"),
        .checked(
            .metricTypes, .handshake, "Metric types",
            """
            `metricTypes` has at least one entry `{type, description, configSchema, defaultTargetType, maxAgeMs?}`, \
            each type once. Type and description are not empty; `defaultTargetType` is `Value` or `AverageValue`; \
            `maxAgeMs` is the maximum age at which a reading of a slow source counts as fresh.
            """,
            fix: "list each metric type once, with all of type, description, configSchema and defaultTargetType"),
        .checked(
            .configSchema, .handshake, "Config schema",
            """
            `configSchema` is a JSON Schema (2020-12) of `type: object` with `additionalProperties: false`, so that \
            a misspelled key is an error. Each of its `properties` is a schema.
            """,
            fix: "give configSchema type: object, properties and additionalProperties: false"),
        .unchecked(
            .secretFields, .handshake, "Secrets and addresses",
            """
            A field that holds a secret has `x-secret: true` in the schema: the host redacts such values from \
            everything that it logs. A field that names the server to connect to, as `scheme://host:port` or \
            `host:port`, or a list of them, has `x-address: true`: the administrator can limit which servers a config \
            may name. A field that can be the absolute path of a file with a credential has `x-credential-file: true`, \
            and one that makes the plugin use an identity of the operator without a secret in the config has \
            `x-operator-identity: true`: the host allows both only for servers that the administrator has named for \
            this. Any text in a field with `x-credential-file` that is not PEM counts as a file, even a relative path, \
            and a text that begins with `/` is never PEM. A field that determines how the server is verified has \
            `x-server-trust: true`: a config that sets it gets none of these credentials, unless the value is false or \
            the absolute path of a file.
            """,
            because: "only the author knows which fields hold secrets or addresses"),
        .checked(
            .capabilities, .handshake, "Capabilities",
            """
            `capabilities` is `{maxInFlight, cancel, batch, range, subscribe, maxRequestBytes}`, all optional. The \
            defaults are 1 for `maxInFlight`, 61,440 (the minimum) for `maxRequestBytes`, and false for the others.
            """,
            fix: "leave out what the plugin does not offer; numbers are integers, the others are true or false"),
        .checked(
            .unknownMembers, .handshake, "Unknown members are ignored",
            """
            A plugin ignores unknown members of a message. (In a `config`, an unknown key is an error.)
            """,
            fix: "read the members you need, and ignore the others"),
        .checked(
            .filledFields, .handshake, "Fields that the host fills in",
            """
            A member of the config whose schema has `x-from` is filled in by the host, as text, in every call: with \
            `scaler.namespace`, `scaler.name`, `target.apiVersion`, `target.kind`, `target.name`, \
            `target.selector` (the label selector of the target's pods, such as `app=web`; absent while the target is \
            unknown) or `metric.targetValue` (such as `0.5`; absent for a metric without a target). With `defaults`, \
            the member comes from the administrator's defaults of the plugin, has any type, and is absent if they do \
            not set it. A GeneralScaler that sets such a member is rejected.
            """,
            fix: "mark only members of the config itself, with one of the eight values"),
    ]
}
