/// The characters that a dot, a class or an escape of a pattern stands for.
struct CharacterSet: Sendable {
    /// Sorted, and none overlaps another.
    private var ranges: [ClosedRange<UInt32>]
    private var categories: CategorySet
    private var isNegated: Bool

    init(ranges: [ClosedRange<UInt32>], categories: CategorySet = [], isNegated: Bool = false) {
        self.ranges = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = self.ranges.last, range.lowerBound <= last.upperBound {
                self.ranges[self.ranges.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                self.ranges.append(range)
            }
        }
        self.categories = categories
        self.isNegated = isNegated
    }

    init(_ scalar: Unicode.Scalar) {
        self.init(ranges: [scalar.value...scalar.value])
    }

    /// RFC 9485, section 5.3: `[^\n\r]`.
    static let dot = CharacterSet(ranges: [0xA...0xA, 0xD...0xD], isNegated: true)

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < scalar.value { low = middle + 1 } else { high = middle }
        }
        let isInRange = low < ranges.count && ranges[low].contains(scalar.value)
        let isMember = isInRange || !categories.isEmpty && categories.contains(CategorySet(of: scalar))
        return isMember != isNegated
    }
}

/// General categories of Unicode.
struct CategorySet: OptionSet, Sendable {
    let rawValue: UInt32

    /// In the order of ``names``.
    private static let names = [
        "Ll", "Lm", "Lo", "Lt", "Lu", "Mc", "Me", "Mn", "Nd", "Nl", "No", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps",
        "Zl",
        "Zp", "Zs", "Sc", "Sk", "Sm", "So", "Cc", "Cf", "Cn", "Co",
    ]
    static let all = CategorySet(rawValue: 1 << UInt32(names.count) - 1)

    init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// The category of that name, or all whose name begins with it; nil if there is none.
    init?(named name: String) {
        let bits = Self.names.enumerated().filter { $1 == name || name.count == 1 && $1.hasPrefix(name) }
        guard !bits.isEmpty else { return nil }
        rawValue = bits.reduce(0) { $0 | 1 << UInt32($1.offset) }
    }

    /// The one category of the character.
    init(of scalar: Unicode.Scalar) {
        rawValue = 1 << Self.bit(scalar.properties.generalCategory)
    }

    private static func bit(_ category: Unicode.GeneralCategory) -> UInt32 {
        switch category {
        case .lowercaseLetter: 0
        case .modifierLetter: 1
        case .otherLetter: 2
        case .titlecaseLetter: 3
        case .uppercaseLetter: 4
        case .spacingMark: 5
        case .enclosingMark: 6
        case .nonspacingMark: 7
        case .decimalNumber: 8
        case .letterNumber: 9
        case .otherNumber: 10
        case .connectorPunctuation: 11
        case .dashPunctuation: 12
        case .closePunctuation: 13
        case .finalPunctuation: 14
        case .initialPunctuation: 15
        case .otherPunctuation: 16
        case .openPunctuation: 17
        case .lineSeparator: 18
        case .paragraphSeparator: 19
        case .spaceSeparator: 20
        case .currencySymbol: 21
        case .modifierSymbol: 22
        case .mathSymbol: 23
        case .otherSymbol: 24
        case .control: 25
        case .format: 26
        case .privateUse: 28
        // A Unicode.Scalar is no surrogate.
        case .unassigned, .surrogate: 27
        @unknown default: 27
        }
    }
}
