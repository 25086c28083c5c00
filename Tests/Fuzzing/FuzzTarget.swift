/// One parser of untrusted bytes, and the properties that must hold for every input.
package struct FuzzTarget: Sendable {
    /// Of the target, and of the folder in `Corpus` that has its inputs.
    package let name: String
    /// Gives the parser one input.
    private let body: @Sendable ([UInt8]) throws(FuzzFinding) -> Void

    init(_ name: String, _ body: @escaping @Sendable ([UInt8]) throws(FuzzFinding) -> Void) {
        self.name = name
        self.body = body
    }

    /// - Throws: what is wrong with the parser. It crashing is wrong too.
    package func run(_ input: [UInt8]) throws(FuzzFinding) { try body(input) }
}

/// Something that no input may bring about.
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

/// An error goes into logs, conditions and answers: it tells of its input, and never repeats all of it.
func requireShort(_ text: String, _ what: String, _ limit: Int = FuzzLimits.errorBytes) throws(FuzzFinding) {
    try require(
        text.utf8.count <= limit, "\(what) has \(text.utf8.count) bytes, more than \(limit): \(text.prefix(200))")
}

enum FuzzLimits {
    /// Bytes of an error's text. Inputs are longer, so that what repeats them is found.
    static let errorBytes = 3_000
    /// Bytes of an input of the fuzzer.
    static let inputBytes = 4_096
}

/// Pieces of a stream, as they may arrive.
enum Chunks {
    /// Returns a size derived from the input: it must make no difference.
    static func of(_ bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        let sizes = [1, 7, 64]
        let size = sizes[bytes.count % sizes.count]
        return stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
    }
}
