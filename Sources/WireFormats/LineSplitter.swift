/// Splits a stream of bytes into lines at 0x0A only. Copies and scans each byte once, regardless of the boundaries of the
/// chunks.
package struct LineSplitter {
    package enum Line: Equatable {
        /// A line that is not empty, without its newline.
        ///
        /// The slice shares the buffer: release it before the next ``LineSplitter/append(_:)``, which would otherwise
        /// copy the buffer.
        case complete(ArraySlice<UInt8>)
        /// A line over the limit. Its bytes are dropped, up to its newline.
        case overlong
    }

    /// The size up to which an empty buffer is kept for the next lines, in bytes.
    private static let keptBytes = 256 << 10

    private let maxBytes: Int
    private var buffer: [UInt8] = []
    private var lineStart = 0
    /// The offset up to which no newline was found.
    private var scanned = 0
    private var isDiscarding = false

    /// - Parameter maxBytes: the longest line, without its newline.
    package init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    package mutating func append(_ bytes: some Collection<UInt8>) {
        if lineStart == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.capacity <= Self.keptBytes)
        } else {
            buffer.removeSubrange(..<lineStart)
        }
        scanned -= lineStart
        lineStart = 0
        buffer.append(contentsOf: bytes)
    }

    /// Returns the next line, or nil if more bytes are needed. An overlong line is returned once, as soon as it is longer
    /// than the limit.
    package mutating func next() -> Line? {
        while true {
            guard let newline = buffer[scanned...].firstIndex(of: 0x0A) else { return endOfChunk() }
            let line = buffer[lineStart..<newline]
            lineStart = newline + 1
            scanned = lineStart
            if isDiscarding {
                isDiscarding = false
            } else if line.count > maxBytes {
                return .overlong
            } else if !line.isEmpty {
                return .complete(line)
            }
        }
    }

    private mutating func endOfChunk() -> Line? {
        scanned = buffer.count
        let isOverlong = !isDiscarding && scanned - lineStart > maxBytes
        if isOverlong { isDiscarding = true }
        if isDiscarding { lineStart = scanned }
        return isOverlong ? .overlong : nil
    }
}
