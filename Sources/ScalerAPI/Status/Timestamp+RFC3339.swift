package import Scaling
package import WireFormats

extension Timestamp {
    package init?(rfc3339 text: String) {
        guard let microseconds = RFC3339.microseconds(text) else { return nil }
        self.init(microsecondsSince1970: microseconds)
    }

    package func rfc3339(_ precision: RFC3339.Precision = .milliseconds) -> String {
        RFC3339.text(microseconds: microsecondsSince1970, precision: precision)
    }
}
