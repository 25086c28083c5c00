/// Cuts a stream of chunks into lines at each line feed. Copies each byte once into its buffer and looks at it once,
/// however the chunks fall.
struct LineSplitter {
    /// A line without end would fill the memory.
    struct LineTooLong: Error {}

    private var buffer: [UInt8] = []
    /// Where the next line begins.
    private var start = 0
    /// The offset up to which no line feed was found.
    private var scanned = 0
    private let maximumLineBytes: Int

    init(maximumLineBytes: Int) {
        self.maximumLineBytes = maximumLineBytes
    }

    mutating func append(_ chunk: [UInt8]) {
        if start > 0 {
            // Only the unfinished line is left, and it moves once per chunk at most while it is at the end.
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        buffer += chunk
    }

    /// Returns the next whole line without its line feed; nil if more bytes have to come.
    ///
    /// The slice shares the buffer: let go of it before the next ``append(_:)``, or that copies.
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
        // One large object must not keep its room for the life of the watch.
        buffer.removeAll(keepingCapacity: buffer.capacity <= 256 << 10)
        start = 0
        scanned = 0
    }
}
