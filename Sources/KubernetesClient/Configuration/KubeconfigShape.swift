import WireFormats

/// The types of kubeconfig fields. kubectl refuses a file in which one holds anything else, whether it uses the field
/// or not. Null is absence, and unknown fields are ignored.
indirect enum KubeconfigShape: Sendable {
    case text
    case flag
    /// Bytes in base64.
    case data
    case list(KubeconfigShape)
    case map(KubeconfigShape)
    case object([String: KubeconfigShape])
    case anything

    static let file = KubeconfigShape.object([
        "apiVersion": .text, "kind": .text, "current-context": .text,
        "clusters": .list(.object(["name": .text, "cluster": cluster])),
        "users": .list(.object(["name": .text, "user": user])),
        "contexts": .list(
            .object([
                "name": .text,
                "context": .object(["cluster": .text, "user": .text, "namespace": .text, "extensions": extensions]),
            ])),
        "extensions": extensions,
    ])

    private static let extensions = KubeconfigShape.list(.object(["name": .text, "extension": .anything]))

    private static let cluster = KubeconfigShape.object([
        "server": .text, "tls-server-name": .text, "insecure-skip-tls-verify": .flag, "certificate-authority": .text,
        "certificate-authority-data": .data, "proxy-url": .text, "disable-compression": .flag, "extensions": extensions,
    ])

    private static let user = KubeconfigShape.object([
        "client-certificate": .text, "client-certificate-data": .data, "client-key": .text, "client-key-data": .data,
        "token": .text, "tokenFile": .text, "as": .text, "as-uid": .text, "as-groups": .list(.text),
        "as-user-extra": .map(.list(.text)), "username": .text, "password": .text,
        "auth-provider": .object(["name": .text, "config": .map(.text)]),
        "exec": .object([
            "command": .text, "args": .list(.text), "env": .list(.object(["name": .text, "value": .text])),
            "apiVersion": .text, "installHint": .text, "provideClusterInfo": .flag, "interactiveMode": .text,
        ]),
        "extensions": extensions,
    ])

    func check(_ reader: JSONReader) throws(JSONPathError) {
        guard !reader.value.isNull else { return }
        switch self {
        case .text: _ = try reader.string()
        case .flag: _ = try reader.bool()
        case .data:
            guard try Base64.bytes(reader.string()) != nil else { throw reader.error("is not base64") }
        case .list(let element):
            for item in try reader.elements() { try element.check(item) }
        case .map(let value):
            for key in try reader.object().keys.sorted() {
                if let member = try reader.optional(key) { try value.check(member) }
            }
        case .object(let fields):
            _ = try reader.object()
            for (name, shape) in fields.sorted(by: { $0.key < $1.key }) {
                if let member = try reader.optional(name) { try shape.check(member) }
            }
        case .anything: break
        }
    }
}
