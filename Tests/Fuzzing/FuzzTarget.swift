/// A parser of untrusted bytes, and the properties that must hold for every input.
package struct FuzzTarget: Sendable {
    /// The name of the target, and of the folder in `Corpus` with its inputs.
    package let name: String
    /// Runs the parser with one input.
    private let body: @Sendable ([UInt8]) throws(FuzzFinding) -> Void

    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws(FuzzFinding) -> Void) {
        self.name = name
        self.body = body
    }

    /// - Throws: the violated property. A crash is a finding too.
    package func run(_ input: [UInt8]) throws(FuzzFinding) { try body(input) }
}

/// A violated property.
package struct FuzzFinding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// - Throws: the finding, if the condition does not hold.
func require(_ condition: Bool, _ finding: @autoclosure () -> String) throws(FuzzFinding) {
    guard condition else { throw FuzzFinding(finding()) }
}

/// Checks the length of an error. Errors are part of logs, conditions and answers, and must not repeat the whole input.
func requireShort(_ text: String, _ what: String, _ limit: Int = FuzzLimits.errorBytes) throws(FuzzFinding) {
    try require(
        text.utf8.count <= limit, "\(what) has \(text.utf8.count) bytes, more than \(limit): \(text.prefix(200))")
}

enum FuzzLimits {
    /// The maximum bytes of an error. Inputs are longer, so that errors that repeat them are found.
    static let errorBytes = 3_000
    /// The maximum bytes of the fuzzer's inputs.
    static let inputBytes = 4_096
}

/// The chunks of a stream.
enum Chunks {
    /// Splits the bytes into chunks of a size derived from the input, which must make no difference.
    static func of(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let sizes = [1, 7, 64]
        let size = sizes[bytes.count % sizes.count]
        return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    }
}
