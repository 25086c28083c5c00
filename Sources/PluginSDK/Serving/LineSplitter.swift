/// Splits a stream of bytes into lines at 0x0A only.
struct LineSplitter {
    enum Line: Equatable {
        /// A line without its newline.
        case complete(ArraySlice<UInt8>)
        /// A line over the limit, whose bytes were dropped.
        case overlong
    }

    private let maxBytes: Int
    private var buffer: [UInt8] = []
    private var lineStart = 0
    private var scanned = 0
    private var isDiscarding = false

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    mutating func append(_ bytes: some Collection<UInt8>) {
        if lineStart == buffer.count {
            buffer.removeAll(keepingCapacity: true)
        } else {
            buffer.removeSubrange(..<lineStart)
        }
        scanned -= lineStart
        lineStart = 0
        buffer.append(contentsOf: bytes)
    }

    /// Returns the next line, or nil if more bytes are needed.
    mutating func next() -> Line? {
        while true {
            guard let newline = buffer[scanned...].firstIndex(of: 0x0A) else {
                scanned = buffer.count
                if scanned - lineStart > maxBytes { isDiscarding = true }
                if isDiscarding { lineStart = scanned }
                return nil
            }
            let line = buffer[lineStart..<newline]
            lineStart = newline + 1
            scanned = lineStart
            if isDiscarding || line.count > maxBytes {
                isDiscarding = false
                return .overlong
            }
            if !line.isEmpty { return .complete(line) }
        }
    }
}
