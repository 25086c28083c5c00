/// Fills in the times of a URL's query or a body: `${now}`, or `${now-5m}` with `s`, `m`, `h` or `d`.
enum TimeTemplate {
    private static let unitSeconds: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    private static let maxSeconds: Int64 = 366 * 86_400

    static func filled(_ text: String, nowMicroseconds: Int64) throws(ConfigFault) -> String {
        var filled = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            filled += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: "}") else { throw fault }
            filled += "\(nowMicroseconds / 1_000_000 - (try seconds(before: rest[..<end])))"
            rest = rest[rest.index(after: end)...]
        }
        return filled + rest
    }

    private static func seconds(before expression: Substring) throws(ConfigFault) -> Int64 {
        guard expression.hasPrefix("now") else { throw fault }
        let offset = expression.dropFirst(3)
        if offset.isEmpty { return 0 }
        let digits = offset.dropFirst().dropLast()
        guard offset.hasPrefix("-"), let unit = offset.last.flatMap({ unitSeconds[$0] }), !digits.isEmpty,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits), count <= maxSeconds,
            count * unit <= maxSeconds
        else { throw fault }
        return count * unit
    }

    private static var fault: ConfigFault {
        ConfigFault(
            "has ${...} that is neither ${now} nor, for example, ${now-5m}; units are s, m, h and d, up to 366d")
    }
}
