/// A complete HTTP request.
package struct APIRequest: Sendable {
    package var method: String
    /// The percent-decoded path, without the query.
    package var path: String
    /// The percent-decoded query, in the order of the request line.
    package var query: [(name: String, value: String)]
    /// The headers, with names in lower case.
    package var headers: [String: String]
    package var body: [UInt8]

    /// - Parameter target: the path and query as in the request line: `/api/v1/pods?limit=1`.
    package init(_ method: String, _ target: String, headers: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = Self.percentDecoded(parts.first ?? "")
        query =
            parts.count < 2
            ? []
            : parts[1].split(separator: "&").map { pair in
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    Self.percentDecoded(sides[0], isQuery: true),
                    sides.count > 1 ? Self.percentDecoded(sides[1], isQuery: true) : ""
                )
            }
        self.headers = headers
        self.body = body
    }

    /// Returns the first non-empty value of a query parameter.
    func parameter(_ name: String) -> String? {
        query.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    func flag(_ name: String) -> Bool {
        guard let value = parameter(name) else { return false }
        return value != "0" && value != "false"
    }

    private static func percentDecoded(_ text: Substring, isQuery: Bool = false) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(isQuery && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
