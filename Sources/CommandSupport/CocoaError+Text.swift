package import FoundationEssentials
import Glibc

extension CocoaError {
    /// Which file it is about and what the system said: the error's own text is Foundation's inner state.
    package var shortText: String {
        let path = (userInfo["NSFilePath"] as? String).map { "\($0): " } ?? ""
        let cause = userInfo["NSUnderlyingError"] as? POSIXError
        return path + (cause.map { String(cString: strerror($0.code.rawValue)) } ?? "file error \(code.rawValue)")
    }
}
