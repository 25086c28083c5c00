import TestSupport
import Testing
import WireFormats

@Suite("JSON over random values and texts")
struct JSONRandomTests {
    private static let seeds = 0..<20

    @Test("random JSON round-trips in UTF-8 and in ASCII", arguments: seeds)
    func roundTrip(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<100 {
            let value = Self.value(depth: 4, &random)
            let plain = value.encoded()
            let ascii = value.encoded(escapesNonASCII: true)
            #expect(try JSON(parsing: plain) == value)
            #expect(try JSON(parsing: ascii) == value)
            #expect(ascii.allSatisfy { $0 >= 0x20 && $0 < 0x7F })
            #expect(!plain.contains { $0 < 0x20 })
        }
    }

    @Test("every double round-trips", arguments: seeds)
    func doubles(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        for _ in 0..<500 {
            let number = Double(bitPattern: random.next())
            guard number.isFinite else { continue }
            #expect(try JSON(parsing: JSON.number(number).encoded()).doubleValue == number)
        }
    }

    @Test("a corrupted text is parsed or refused, and a parsed one can be written", arguments: seeds)
    func mutations(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed) + 1_000)
        let spice = Array("{}[]\",:\\u0123456789dDabcdef.eE+-tfn \n".utf8) + [0x00, 0x7F, 0x80, 0xC3, 0xED, 0xF4, 0xFF]
        for _ in 0..<500 {
            var text = Self.value(depth: 3, &random).encoded(escapesNonASCII: random.chance(percent: 50))
            for _ in 0..<random.within(1...4) {
                let index = random.below(text.count + 1)
                switch random.below(4) {
                case 0: text.insert(random.pick(spice), at: index)
                case 1 where index < text.count: text.remove(at: index)
                case 2 where index < text.count: text[index] = random.pick(spice)
                case 3: text = Array(text[..<index])
                default: text += text[index...]
                }
            }
            Self.check(text)
        }
    }

    private static func check(_ text: [UInt8]) {
        do {
            let written = try JSON(parsing: text).encoded()
            #expect(try JSON(parsing: written).encoded() == written, "\(String(decoding: text, as: UTF8.self))")
        } catch {
            #expect((0...text.count).contains(error.offset))
            #expect(!error.message.isEmpty)
        }
    }

    private static func value(depth: Int, _ random: inout SplitMix64) -> JSON {
        switch random.below(depth > 0 ? 8 : 6) {
        case 0: .null
        case 1: .bool(random.chance(percent: 50))
        case 2: .integer(Int64(bitPattern: random.next() >> UInt64(random.below(64))))
        case 3: .number(Double(random.below(1_000_000)) / 64 + 1 / 128)
        case 4, 5: .string(string(&random))
        case 6: .array((0..<random.below(5)).map { _ in value(depth: depth - 1, &random) })
        default: .object(members(depth: depth, &random))
        }
    }

    private static func members(depth: Int, _ random: inout SplitMix64) -> [String: JSON] {
        var members: [String: JSON] = [:]
        for _ in 0..<random.below(5) { members[string(&random)] = value(depth: depth - 1, &random) }
        return members
    }

    private static func string(_ random: inout SplitMix64) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<random.below(12) {
            let range: ClosedRange<Int> = random.pick([
                0...0x1F, 0x20...0x7E, 0x20...0x7E, 0x22...0x5C, 0x7F...0x2FF, 0x2020...0x2030, 0xE000...0xFFFF,
                0x1F600...0x1F64F,
            ])
            if let scalar = Unicode.Scalar(UInt32(random.within(range))) { text.append(scalar) }
        }
        return String(text)
    }
}
