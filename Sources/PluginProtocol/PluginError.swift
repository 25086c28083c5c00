package import WireFormats

/// An error in a plugin's answer: its kind, a message for users, and whether to retry.
public struct PluginError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable, CaseIterable {
        case unsupportedVersion = "unsupported_version"
        case configInvalid = "config_invalid"
        case authFailed = "auth_failed"
        case sourceUnreachable = "source_unreachable"
        case notFound = "not_found"
        case rateLimited = "rate_limited"
        case noData = "no_data"
        case deadlineExceeded = "deadline_exceeded"
        case busy
        case cancelled
        case cannotSubscribe = "cannot_subscribe"
        case parseError = "parse_error"
        case invalidRequest = "invalid_request"
        case methodNotFound = "method_not_found"
        case invalidParams = "invalid_params"
        case internalError = "internal_error"

        /// The JSON-RPC error code.
        public var code: Int {
            switch self {
            case .unsupportedVersion: 1000
            case .configInvalid: 1001
            case .authFailed: 1002
            case .sourceUnreachable: 1003
            case .notFound: 1004
            case .rateLimited: 1005
            case .noData: 1006
            case .deadlineExceeded: 1007
            case .busy: 1008
            case .cancelled: 1009
            case .cannotSubscribe: 1010
            case .parseError: -32700
            case .invalidRequest: -32600
            case .methodNotFound: -32601
            case .invalidParams: -32602
            case .internalError: -32603
            }
        }

        public init?(code: Int) {
            guard let kind = Self.allCases.first(where: { $0.code == code }) else { return nil }
            self = kind
        }

        /// Whether the same call may succeed later with the same config.
        public var isRetryable: Bool {
            switch self {
            case .sourceUnreachable, .rateLimited, .noData, .deadlineExceeded, .busy, .internalError: true
            case .unsupportedVersion, .configInvalid, .authFailed, .notFound, .cancelled, .cannotSubscribe, .parseError,
                .invalidRequest, .methodNotFound, .invalidParams:
                false
            }
        }
    }

    public var kind: Kind
    /// The failure, its place and the fix. Never contains a secret.
    public var message: String
    /// The delay before a retry in milliseconds, if the source requested one.
    public var retryAfterMs: Int?
    /// The path of the invalid config field, such as `tls.ca`.
    public var path: String?

    public init(_ kind: Kind, _ message: String, retryAfterMs: Int? = nil, path: String? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfterMs = retryAfterMs
        self.path = path
    }

    public var description: String { "\(kind.rawValue): \(message)" }
}

extension PluginError {
    /// Reads the `error` member of a response. An unknown code counts as an internal error.
    package init(_ reader: JSONReader) throws(JSONPathError) {
        let code = try reader.required("code").int(in: Int(Int32.min)...Int(Int32.max))
        let message = try reader.required("message").string()
        let data = try reader.optional("data")
        self.init(
            Kind(code: code) ?? .internalError,
            message,
            retryAfterMs: try data?.optional("retryAfterMs")?.int(in: 0...Int(Int32.max)),
            path: try data?.optional("path")?.string()
        )
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("code")
        writer.value(kind.code)
        writer.key("message")
        writer.value(message)
        writer.key("data")
        writer.beginObject()
        writer.key("kind")
        writer.value(kind.rawValue)
        writer.key("retryable")
        writer.value(kind.isRetryable)
        if let retryAfterMs {
            writer.key("retryAfterMs")
            writer.value(retryAfterMs)
        }
        if let path {
            writer.key("path")
            writer.value(path)
        }
        writer.endObject()
        writer.endObject()
    }
}
