import Glibc

/// A file with one short line whose content the kernel generates at each read, as in `/proc` and in control groups.
///
/// The file stays open for the life of the process: opening it costs several times as much as reading it.
struct KernelLine: Sendable {
    /// The longest line in bytes. What follows is not read.
    static let maxLength = 128

    private let descriptor: Int32

    /// Returns nil if the file cannot be opened.
    init?(_ path: String) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    /// Returns the decimal number that the line begins with; nil if it begins with something else, such as "max".
    func firstNumber() -> Int64? {
        read { Self.number($0.prefix { $0 != UInt8(ascii: " ") }) }
    }

    /// Returns the decimal number that the line ends with.
    func lastNumber() -> Int64? {
        read { Self.number($0.suffix(from: $0.lastIndex(of: UInt8(ascii: " ")).map { $0 + 1 } ?? 0)) }
    }

    private func read(_ body: (UnsafeRawBufferPointer.SubSequence) -> Int64?) -> Int64? {
        withUnsafeTemporaryAllocation(byteCount: Self.maxLength, alignment: 1) { buffer in
            let count = pread(descriptor, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return nil }
            return body(UnsafeRawBufferPointer(buffer)[..<count].prefix { $0 != UInt8(ascii: "\n") })
        }
    }

    private static func number(_ digits: UnsafeRawBufferPointer.SubSequence) -> Int64? {
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (product, isTooLarge) = value.multipliedReportingOverflow(by: 10)
            let (sum, isSumTooLarge) = product.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
            guard !isTooLarge, !isSumTooLarge else { return nil }
            value = sum
        }
        return value
    }
}
