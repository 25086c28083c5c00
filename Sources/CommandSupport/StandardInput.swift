import Glibc
import WireFormats

/// Reads stdin whole or line by line, each with a size limit. Text in UTF-16 with a byte order mark, as PowerShell
/// pipes it, is converted to UTF-8.
package struct StandardInput {
    package enum Line {
        case whole([UInt8])
        /// A line longer than the limit; it is skipped.
        case tooLong

        package var isBlank: Bool {
            guard case .whole(let bytes) = self else { return false }
            return bytes.allSatisfy { [0x20, 0x09, 0x0D].contains($0) }
        }
    }

    private static let chunkBytes = 65_536

    private let maxLineBytes: Int
    private var buffer: [UInt8] = []
    /// The offset of the first line that has not been returned.
    private var start = 0
    /// The offset up to which the buffer has been searched for a line end.
    private var searched = 0
    private var hasEnded = false
    private var hasBegun = false
    private var transcoder: UTF16Transcoder?

    package init(maxLineBytes: Int) {
        self.maxLineBytes = maxLineBytes
    }

    /// Reads stdin to its end; returns nil if it is longer than the limit.
    package mutating func all() -> [UInt8]? {
        while !hasEnded, buffer.count <= maxLineBytes { fill() }
        return hasEnded && buffer.count <= maxLineBytes ? buffer : nil
    }

    /// Returns the next line without its end, or nil after the last.
    package mutating func nextLine() -> Line? {
        var isTooLong = false
        while true {
            if let end = buffer[searched...].firstIndex(of: 0x0A) {
                defer { advance(to: end + 1) }
                return isTooLong || end - start > maxLineBytes ? .tooLong : .whole(Array(buffer[start..<end]))
            }
            if hasEnded {
                defer { advance(to: buffer.count) }
                if isTooLong { return .tooLong }
                return start < buffer.count ? .whole(Array(buffer[start...])) : nil
            }
            searched = buffer.count
            if buffer.count - start > maxLineBytes {
                isTooLong = true
                advance(to: buffer.count)
            }
            fill()
        }
    }

    private mutating func advance(to index: Int) {
        start = index
        searched = index
    }

    private mutating func fill() {
        if start > 0 {
            buffer.removeFirst(start)
            searched -= start
            start = 0
        }
        var chunk = Self.readChunk()
        if !hasBegun {
            // A pipe may deliver a single byte first.
            while chunk.count == 1, let next = Self.nonEmpty(Self.readChunk()) { chunk += next }
            hasBegun = true
            if let isBigEndian = TextDecoder.utf16ByteOrder(chunk) {
                transcoder = UTF16Transcoder(isBigEndian: isBigEndian)
                chunk.removeFirst(2)
            }
            hasEnded = chunk.isEmpty && transcoder == nil
        } else {
            hasEnded = chunk.isEmpty
        }
        buffer += transcoder?.utf8(chunk, isLast: hasEnded) ?? chunk
    }

    private static func nonEmpty(_ chunk: [UInt8]) -> [UInt8]? { chunk.isEmpty ? nil : chunk }

    private static func readChunk() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.chunkBytes) { bytes, count in
            var read: Int
            repeat { read = Glibc.read(STDIN_FILENO, bytes.baseAddress, bytes.count) } while read < 0 && errno == EINTR
            count = max(0, read)
        }
    }
}
