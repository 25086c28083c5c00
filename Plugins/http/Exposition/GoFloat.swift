/// Numbers as Prometheus reads them: by Go's `strconv.ParseFloat`, without hexadecimal digits and underscores.
enum GoFloat {
    /// Of a number; one that is longer is none.
    private static let maxBytes = 512

    /// Also NaN and the infinities by name. A number that is too large is none.
    static func value(of text: ArraySlice<UInt8>) -> Double? {
        guard !text.isEmpty, text.count <= maxBytes else { return nil }
        let word = String(decoding: text, as: UTF8.self)
        switch word.lowercased() {
        case "nan": return .nan
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        default: break
        }
        guard case .finite(let value) = NumberText(word), !text.contains(where: { $0 <= 0x20 }) else { return nil }
        return value
    }
}
