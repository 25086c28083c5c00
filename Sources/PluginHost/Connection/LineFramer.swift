import Glibc

/// Splits a stream of chunks into lines at the byte 0x0A only.
///
/// A line within one chunk is returned in place; only the pieces of a line that spans chunks are copied.
struct LineFramer {
    enum Piece {
        /// A line without its newline. Valid as long as the chunk.
        case line(UnsafeRawBufferPointer)
        /// A line, without its newline, that began in an earlier chunk.
        case joined([UInt8])
        /// A line over the limit, with the bytes read so far.
        case overlong([UInt8])
    }

    /// The received part of an incomplete line.
    private(set) var partial: [UInt8] = []
    private let maxLineBytes: Int

    init(maxLineBytes: Int) {
        self.maxLineBytes = maxLineBytes
    }

    /// Returns the next piece of the chunk from `offset` on, or nil at the end of the chunk, whose rest is kept for the
    /// next one. After ``Piece/overlong(_:)`` the framer continues as if a new line began there.
    mutating func next(in chunk: UnsafeRawBufferPointer, from offset: inout Int) -> Piece? {
        guard offset < chunk.count else { return nil }
        let rest = UnsafeRawBufferPointer(rebasing: chunk[offset...])
        let length = newline(in: rest) ?? rest.count
        let room = maxLineBytes - partial.count
        guard length <= room else {
            offset += room
            return .overlong(take(appending: UnsafeRawBufferPointer(rebasing: rest[..<room])))
        }
        offset += length + 1
        let content = UnsafeRawBufferPointer(rebasing: rest[..<length])
        guard length < rest.count else {
            partial.append(contentsOf: content)
            return nil
        }
        return partial.isEmpty ? .line(content) : .joined(take(appending: content))
    }

    /// Returns the last bytes of the stream if it did not end with a newline.
    mutating func finish() -> [UInt8]? {
        partial.isEmpty ? nil : take(appending: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    private mutating func take(appending content: UnsafeRawBufferPointer) -> [UInt8] {
        partial.append(contentsOf: content)
        defer { partial = [] }
        return partial
    }

    private func newline(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress, let found = memchr(base, 0x0A, bytes.count) else { return nil }
        return UnsafeRawPointer(found) - base
    }
}
