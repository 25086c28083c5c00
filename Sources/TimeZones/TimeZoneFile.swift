package import Scaling

/// The offsets of a time zone from UTC over time, from a compiled file of the time zone database.
///
/// Source: RFC 9636, "The Time Zone Information Format (TZif)".
package struct TimeZoneFile: Sendable {
    private static let magic = Array("TZif".utf8)
    private static let headerBytes = 44

    /// The transition times in seconds since 1970, ascending.
    private let transitions: [Int64]
    /// The seconds east of UTC after each transition.
    private let offsetsAfter: [Int64]
    /// The offset before the first transition.
    private let firstOffset: Int64
    /// The rule from ``ruleStart`` on.
    private let rule: TimeZoneRule?
    /// The last entry of the file, even if the offset does not change there.
    private let ruleStart: Int64

    /// Every offset that the zone has had or will have.
    package let offsets: Set<Int64>

    /// Reads the data of a time zone file; returns nil if the bytes are malformed.
    package init?(_ data: [UInt8]) {
        var reader = Reader(data)
        guard var header = Header(&reader) else { return nil }
        // A file of version 2 or later begins with the data of version 1, whose times end in 2038.
        let timeBytes = header.version >= 2 ? 8 : 4
        if header.version >= 2 {
            guard reader.skip(header.bytes(timeBytes: 4)), let second = Header(&reader) else { return nil }
            header = second
        }
        guard let times = reader.integers(header.timeCount, bytes: timeBytes),
            let indices = reader.integers(header.timeCount, bytes: 1)
        else { return nil }
        var types: [(offset: Int64, isDaylight: Bool)] = []
        for _ in 0..<header.typeCount {
            guard let offset = reader.integer(bytes: 4), let isDaylight = reader.integer(bytes: 1), reader.skip(1),
                abs(offset) <= TimeZoneRule.longestOffset
            else { return nil }
            types.append((offset, isDaylight != 0))
        }
        // Times that count leap seconds are not those of a clock that follows UTC.
        guard header.leapCount == 0 else { return nil }
        guard let first = types.first, indices.allSatisfy({ $0 >= 0 && $0 < types.count }), times == times.sorted()
        else { return nil }
        // Only the name of the zone's time, or whether it is daylight saving time, may change.
        var changes: [(time: Int64, offset: Int64)] = []
        for (time, type) in zip(times, indices) {
            let offset = types[Int(type)].offset
            if offset != changes.last?.offset ?? first.offset { changes.append((time, offset)) }
        }
        ruleStart = times.last ?? .min
        transitions = changes.map(\.time)
        offsetsAfter = changes.map(\.offset)
        firstOffset = first.offset
        guard header.version >= 2 else {
            rule = nil
            offsets = Set(types.map(\.offset))
            return
        }
        guard reader.skip(header.charCount + header.leapCount * 12 + header.standardCount + header.utCount),
            let footer = reader.footer()
        else { return nil }
        rule = footer.isEmpty ? nil : TimeZoneRule(footer)
        guard footer.isEmpty || rule != nil else { return nil }
        offsets = Set(types.map(\.offset)).union(rule?.offsets ?? [])
    }

    /// Returns the seconds east of UTC.
    package func offset(at time: Timestamp) -> Int64 { span(at: time.secondsSince1970).offset }

    /// Returns the offset at an instant, in seconds since 1970, and how long it applies.
    package func span(at seconds: Int64) -> OffsetSpan {
        var (low, high) = (0, transitions.count)
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle + 1 } else { high = middle }
        }
        let start = low == 0 ? nil : transitions[low - 1]
        if low == transitions.count, let rule {
            let (last, next) = rule.changes(around: max(seconds, ruleStart))
            guard seconds >= ruleStart else {
                return OffsetSpan(start: start, end: next, offset: low == 0 ? firstOffset : offsetsAfter[low - 1])
            }
            let lastOfRule = last.flatMap { $0 > ruleStart ? $0 : nil }
            return OffsetSpan(start: lastOfRule ?? start, end: next, offset: rule.offset(at: seconds))
        }
        return OffsetSpan(
            start: start, end: low < transitions.count ? transitions[low] : nil,
            offset: low == 0 ? firstOffset : offsetsAfter[low - 1])
    }

    private struct Header {
        let version: Int
        let utCount, standardCount, leapCount, timeCount, typeCount, charCount: Int

        init?(_ reader: inout Reader) {
            guard reader.take(TimeZoneFile.magic), let version = reader.integer(bytes: 1), reader.skip(15),
                let counts = reader.integers(6, bytes: 4), counts.allSatisfy({ $0 >= 0 })
            else { return nil }
            self.version = version == 0 ? 1 : Int(version) - 0x30
            (utCount, standardCount, leapCount) = (Int(counts[0]), Int(counts[1]), Int(counts[2]))
            (timeCount, typeCount, charCount) = (Int(counts[3]), Int(counts[4]), Int(counts[5]))
        }

        /// The size of the data after the header.
        func bytes(timeBytes: Int) -> Int {
            timeCount * (timeBytes + 1) + typeCount * 6 + charCount + leapCount * (timeBytes + 4) + standardCount
                + utCount
        }
    }

    private struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ data: [UInt8]) { rest = data[...] }

        mutating func skip(_ count: Int) -> Bool {
            guard count >= 0, count <= rest.count else { return false }
            rest = rest.dropFirst(count)
            return true
        }

        mutating func take(_ bytes: [UInt8]) -> Bool { rest.starts(with: bytes) && skip(bytes.count) }

        /// Reads a big-endian integer, signed if it has 4 bytes or more.
        mutating func integer(bytes count: Int) -> Int64? {
            let bytes = rest.prefix(count)
            guard skip(count) else { return nil }
            let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return count == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
        }

        mutating func integers(_ count: Int, bytes: Int) -> [Int64]? {
            guard count <= rest.count else { return nil }
            var integers: [Int64] = []
            for _ in 0..<count {
                guard let integer = integer(bytes: bytes) else { return nil }
                integers.append(integer)
            }
            return integers
        }

        /// Reads the footer: the text between two newlines.
        mutating func footer() -> String? {
            guard rest.first == UInt8(ascii: "\n") else { return nil }
            let text = rest.dropFirst().prefix { $0 != UInt8(ascii: "\n") }
            return String(decoding: text, as: UTF8.self)
        }
    }
}
