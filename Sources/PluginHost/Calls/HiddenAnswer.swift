import PluginProtocol

/// The text that replaces the messages of the plugin and the source if these may depend on a credential of the
/// administrator: one fixed sentence for each class of answer.
enum HiddenAnswer: String, CaseIterable {
    case unreachable = "the source cannot be reached"
    case tls = "no trusted TLS connection to the source was made"
    case notAuthorized = "the source does not accept the credentials"
    case notFound = "the source does not have the object in the config"
    case timedOut = "the source did not answer in time"
    case refused = "the plugin or the source refuses the config"
    case notUnderstood = "the answer is malformed"
    case tooLarge = "the answer is too large"
    case busy = "the source is busy"
    case noData = "the source has no value"
    case ended = "the plugin's process ended before it answered"

    /// Returns the sentence, with the reason why details are withheld.
    func message(plugin: String) -> String {
        "plugin \(plugin): \(rawValue). Details are only in the operator's log, because this metric uses a credential of the "
            + "operator's administrator"
    }

    init(_ error: PluginError) {
        self =
            switch error.kind {
            case .sourceUnreachable where error.path == "tls" || error.path?.hasPrefix("tls.") == true: .tls
            case .sourceUnreachable: .unreachable
            case .authFailed: .notAuthorized
            case .notFound: .notFound
            case .deadlineExceeded, .cancelled: .timedOut
            case .configInvalid, .cannotSubscribe, .unsupportedVersion: .refused
            case .rateLimited, .busy: .busy
            case .noData: .noData
            case .parseError, .invalidRequest, .methodNotFound, .invalidParams, .internalError: .notUnderstood
            }
    }
}
