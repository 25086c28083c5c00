import Scaling
import WireFormats

extension Timestamp {
    init?(rfc3339 text: String) {
        guard let microseconds = RFC3339.microseconds(text) else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    func rfc3339(_ precision: RFC3339.Precision = .milliseconds) -> String {
        RFC3339.text(microseconds: microsecondsSince1970, precision: precision)
    }
}
