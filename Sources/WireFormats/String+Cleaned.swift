extension String {
    /// The text on one line, without the characters that change how a terminal or a reader shows what surrounds them.
    ///
    /// Line breaks and tabs become spaces. Other control characters (ESC, BEL, NUL), bidirectional controls (UAX #9)
    /// and invisible format characters become U+FFFD. The joiners U+200C and U+200D are kept, because words and emoji
    /// need them.
    package var cleaned: String {
        guard utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }), unicodeScalars.contains(where: \.needsCleaning) else {
            return self
        }
        var result = ""
        result.unicodeScalars.append(
            contentsOf: unicodeScalars.map { scalar in
                guard scalar.needsCleaning else { return scalar }
                return scalar.isBreakOrTab ? " " : "\u{FFFD}"
            })
        return result
    }

    /// Whether the text contains nothing that ``cleaned`` changes.
    package var isClean: Bool { !unicodeScalars.contains(where: \.needsCleaning) }
}

extension Unicode.Scalar {
    fileprivate var needsCleaning: Bool {
        if value >= 0x20, value < 0x7F { return false }
        switch properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: return true
        case .format: return value != 0x200C && value != 0x200D
        default: return false
        }
    }

    fileprivate var isBreakOrTab: Bool {
        switch value {
        case 0x09...0x0D, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }
}
