/// An error at one path of a JSON document, for its author.
public struct JSONPathError: Error, Hashable, CustomStringConvertible {
    /// The path, such as `spec.metrics[0].targetValue`; empty for the document itself.
    public let path: String
    public let message: String

    /// Removes control characters from both texts, which may quote a document.
    public init(path: String, message: String) {
        self.path = path.cleaned
        self.message = message.cleaned
    }

    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}

/// Reads typed values from a ``JSON``, and reports the path of a missing value or one of the wrong type.
public struct JSONReader: Sendable {
    public let value: JSON
    public let path: String

    public init(_ value: JSON, path: String = "") {
        self.value = value
        self.path = path
    }

    public func error(_ message: String) -> JSONPathError { JSONPathError(path: path, message: message) }

    /// Returns the member, or nil if it is absent or null.
    ///
    /// - Throws: ``JSONPathError`` if this value is not an object.
    public func optional(_ key: String) throws(JSONPathError) -> JSONReader? {
        guard let member = try object()[key], !member.isNull else { return nil }
        return JSONReader(member, path: memberPath(key))
    }

    public func required(_ key: String) throws(JSONPathError) -> JSONReader {
        guard let member = try optional(key) else {
            throw JSONPathError(path: memberPath(key), message: "is required")
        }
        return member
    }

    public func object() throws(JSONPathError) -> [String: JSON] {
        guard case .object(let members) = value else { throw mismatch("an object") }
        return members
    }

    public func elements() throws(JSONPathError) -> [JSONReader] {
        guard case .array(let elements) = value else { throw mismatch("an array") }
        return elements.enumerated().map { JSONReader($1, path: "\(path)[\($0)]") }
    }

    public func string() throws(JSONPathError) -> String {
        guard case .string(let text) = value else { throw mismatch("a string") }
        return text
    }

    public func nonEmptyString() throws(JSONPathError) -> String {
        let text = try string()
        guard !text.isEmpty else { throw error("must not be empty") }
        return text
    }

    public func bool() throws(JSONPathError) -> Bool {
        guard case .bool(let flag) = value else { throw mismatch("true or false") }
        return flag
    }

    public func int(in range: ClosedRange<Int>) throws(JSONPathError) -> Int {
        guard let number = value.intValue else {
            if case .number(let fraction) = value { throw error("must be a whole number, not \(fraction)") }
            throw mismatch("a whole number")
        }
        guard range.contains(number) else {
            let hasNoEnd = range.upperBound == .max || range.upperBound == Int(Int32.max)
            throw error(
                hasNoEnd && number < range.lowerBound
                    ? "must be at least \(range.lowerBound), not \(number)"
                    : "must be from \(range.lowerBound) to \(range.upperBound), not \(number)"
            )
        }
        return number
    }

    public func double() throws(JSONPathError) -> Double {
        guard let number = value.doubleValue else { throw mismatch("a number") }
        return number
    }

    public func oneOf<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) throws(JSONPathError) -> Choice
    where Choice.RawValue == String {
        let text = try string()
        guard let choice = Choice(rawValue: text) else {
            throw error(
                "must be one of \(Choice.allCases.map(\.rawValue).joined(separator: ", ")), not \"\(text.prefix(64))\"")
        }
        return choice
    }

    /// - Throws: ``JSONPathError`` for the first member (in alphabetical order) that is not in `known`.
    public func rejectUnknown(_ known: String...) throws(JSONPathError) { try rejectUnknown(known) }

    /// - Throws: ``JSONPathError`` for the first member (in alphabetical order) that is not in `known`.
    public func rejectUnknown(_ known: [String]) throws(JSONPathError) {
        guard let unknown = try object().keys.filter({ !known.contains($0) }).min() else { return }
        throw JSONPathError(
            path: memberPath(unknown), message: "is not a known field; known fields: \(known.joined(separator: ", "))"
        )
    }

    private func memberPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private func mismatch(_ expected: String) -> JSONPathError { error("must be \(expected), not \(value.shapeName)") }
}
