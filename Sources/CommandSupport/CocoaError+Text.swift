package import FoundationEssentials
import Glibc

extension CocoaError {
    /// The file path and the system's message; the error's own description is Foundation's internal state.
    package var shortText: String {
        let path = (userInfo["NSFilePath"] as? String).map { "\($0): " } ?? ""
        let cause = userInfo["NSUnderlyingError"] as? POSIXError
        return path + (cause.map { String(cString: strerror($0.code.rawValue)) } ?? "file error \(code.rawValue)")
    }
}
