import WireFormats

/// Creates files of the time zone database (RFC 9636).
enum ZoneData {
    struct LocalType {
        let offset: Int32
        let isDaylight: Bool
    }

    static let standard = LocalType(offset: 3_600, isDaylight: false)
    static let daylight = LocalType(offset: 7_200, isDaylight: true)

    /// Central European time in a slim file: two transitions of 1996, and the rule for later ones.
    static let berlin = file(
        changes: [("1996-03-31T01:00:00Z", 1), ("1996-10-27T01:00:00Z", 0)], types: [standard, daylight],
        rule: "CET-1CEST,M3.5.0,M10.5.0/3")

    static func file(
        changes: [(time: String, type: UInt8)], types: [LocalType], rule: String, leapSeconds: [Int64] = []
    ) -> [UInt8] {
        let times = changes.map { (RFC3339.microseconds($0.time) ?? 0) / 1_000_000 }
        let old = header(version: 0x32, counts: [0, 0, 0, 0, 1, 1]) + big(Int32(0)) + [0, 0, 0]
        var new = header(
            version: 0x32, counts: [0, 0, Int32(leapSeconds.count), Int32(times.count), Int32(types.count), 4])
        for time in times { new += big(time) }
        new += changes.map(\.type)
        for type in types { new += big(type.offset) + [type.isDaylight ? 1 : 0, 0] }
        new += Array("LMT\0".utf8)
        for (index, time) in leapSeconds.enumerated() { new += big(time) + big(Int32(index + 1)) }
        return old + new + Array("\n\(rule)\n".utf8)
    }

    private static func header(version: UInt8, counts: [Int32]) -> [UInt8] {
        Array("TZif".utf8) + [version] + [UInt8](repeating: 0, count: 15) + counts.flatMap(big)
    }

    private static func big(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.bigEndian) { Array($0) }
    }
}
