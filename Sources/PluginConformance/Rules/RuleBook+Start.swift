extension RuleBook {
    static let launch: [Rule] = [
        .checked(
            .fileName, .launch, "File name",
            """
            A plugin is one executable file named `generalscaler-plugin-T`, where `T` is a metric type that it reads. \
            Only `argv` in `plugins.yaml` may name a program that is called otherwise.
            """,
            mend: "rename the file to generalscaler-plugin- and one of its metric types"),
        .checked(
            .bareStart, .launch, "Bare start",
            """
            A plugin starts without arguments, in any directory, with pipes for standard input, output and error, and \
            with no environment but `PATH`, the locale, `TZ`, `TMPDIR`, the certificate and the proxy variables.
            """,
            mend: "give every setting a default, or make it a field of the config"),
        .checked(
            .oneshot, .launch, "Oneshot",
            """
            Where `plugins.yaml` says `mode: oneshot`, the program runs once for each request, whichever it is: it reads \
            one line, writes one line, and exits 0 within the request's deadline. Rules about lifetime and concurrency \
            do not concern it.
            """,
            mend: "answer the one line on standard input, whatever its method, then exit 0"),
    ]

    static let handshake: [Rule] = [
        .checked(
            .initialize, .handshake, "The first answer",
            """
            The first request is `initialize {protocolVersions, host: {name, version}, limits: {maxRequestBytes, \
            maxResponseBytes}}`. A plugin answers it within 30 s of its start, and writes nothing to standard output \
            before.
            """,
            mend: "read a line from standard input at once, answer it with its own id, and flush standard output"),
        .checked(
            .handshakeShape, .handshake, "What a plugin says of itself",
            """
            The result is `{protocolVersion, plugin: {name, version}, metricTypes, capabilities?}`.
            """,
            mend: "compare the result with docs/reference/schemas/initialize-result.json"),
        .checked(
            .versionOffered, .handshake, "Version",
            """
            `protocolVersion` is one of the numbers in the request's `protocolVersions`. This page is version 1.
            """,
            mend: "answer protocolVersion 1 where 1 is offered"),
        .checked(
            .noCommonVersion, .handshake, "No common version",
            """
            Where no offered version is known to the plugin, it answers the error 1000 (`unsupported_version`), with \
            the versions that it speaks in the message.
            """,
            mend: "look for 1 in protocolVersions, and answer the error 1000 where it is not there"),
        .checked(
            .metricTypes, .handshake, "Metric types",
            """
            `metricTypes` has at least one entry `{type, description, configSchema, defaultTargetType, maxAgeMs?}`, \
            none twice. Type and description are not empty; `defaultTargetType` is `Value` or `AverageValue`; \
            `maxAgeMs` is how old a reading of a slow source may be and still count as fresh.
            """,
            mend: "list each metric type once, with all of type, description, configSchema and defaultTargetType"),
        .checked(
            .configSchema, .handshake, "Config schema",
            """
            `configSchema` is a JSON Schema (2020-12) of `type: object` with `additionalProperties: false`, so that a \
            misspelt key is an error. Each of its `properties` is a schema.
            """,
            mend: "give configSchema type: object, properties and additionalProperties: false"),
        .unchecked(
            .secretFields, .handshake, "Secrets and addresses",
            """
            A field that holds a secret has `x-secret: true` in the schema: the host strikes such values out of \
            everything that it logs. A field that names the server to ask, as `scheme://host:port` or `host:port`, or a \
            list of them, has `x-address: true`: the operator's owner can bound which ones a config may name. A field \
            that can be the absolute path of a file with a credential has `x-credential-file: true`, and one that, \
            without a secret in it, makes the plugin act with an identity of the operator's own has \
            `x-operator-identity: true`: the host lets both be used only with servers that the operator's owner named \
            for them. A field that says how the server is verified has `x-server-trust: true`: a config that sets it \
            gets none of these credentials, unless it is false or the absolute path of a file.
            """,
            because: "only the author knows which fields hold secrets or addresses"),
        .checked(
            .capabilities, .handshake, "Capabilities",
            """
            `capabilities` is `{maxInFlight, cancel, batch, range, subscribe, maxRequestBytes}`, each optional: 1 for \
            `maxInFlight`, 61,440 for `maxRequestBytes`, which cannot be less, and false for the others.
            """,
            mend: "leave out what the plugin does not offer; numbers are whole, the rest is true or false"),
        .checked(
            .unknownMembers, .handshake, "What is new is passed over",
            """
            A plugin takes no notice of members of a message that it does not know. (A `config` is no message: there, \
            an unknown key is an error.)
            """,
            mend: "read the members you need, and do not look at the others"),
    ]
}
