package import Scaling
import WireFormats

extension Timestamp {
    /// RFC 3339, or seconds since 1970, with or without a fraction.
    package init?(text: some StringProtocol) {
        if let microseconds = RFC3339.microseconds(String(text)) {
            self.init(microsecondsSince1970: microseconds)
        } else if let seconds = Double(text), seconds.magnitude < 1e12 {
            self.init(microsecondsSince1970: Int64((seconds * 1e6).rounded()))
        } else {
            return nil
        }
    }

    package var text: String { RFC3339.text(microseconds: microsecondsSince1970, precision: .seconds) }
}
