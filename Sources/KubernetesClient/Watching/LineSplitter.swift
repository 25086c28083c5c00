/// Cuts a stream of chunks into lines at each line feed. Copies and scans each byte once, regardless of the chunk
/// boundaries.
struct LineSplitter {
    /// A line over the limit; it would exhaust the memory.
    struct LineTooLong: Error {}

    private var buffer: [UInt8] = []
    /// The offset of the next line.
    private var start = 0
    /// The offset up to which no line feed was found.
    private var scanned = 0
    private let maximumLineBytes: Int

    init(maximumLineBytes: Int) {
        self.maximumLineBytes = maximumLineBytes
    }

    mutating func append(_ chunk: [UInt8]) {
        if start > 0 {
            // Only the unfinished line remains; it moves at most once per chunk.
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer += chunk
    }

    /// Returns the next whole line without its line feed; nil if it is incomplete.
    ///
    /// The slice shares the buffer: release it before the next ``append(_:)``, which would otherwise copy the buffer.
    mutating func next() throws(LineTooLong) -> ArraySlice<UInt8>? {
        guard let end = buffer[scanned...].firstIndex(of: 0x0A) else {
            scanned = buffer.count
            guard scanned - start <= maximumLineBytes else { throw LineTooLong() }
            if start == buffer.count { reset() }
            return nil
        }
        guard end - start <= maximumLineBytes else { throw LineTooLong() }
        defer {
            start = end + 1
            scanned = start
        }
        return buffer[start..<end]
    }

    private mutating func reset() {
        // Releases the buffer of a large object, so that the watch does not keep it.
        buffer.removeAll(keepingCapacity: buffer.capacity <= 256 << 10)
        start = 0
        scanned = 0
    }
}
