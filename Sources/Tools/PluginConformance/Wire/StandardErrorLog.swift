import PluginHost

/// A plugin's standard error: its end, and whether it exceeded the limits.
struct StandardErrorLog {
    private let startedAt: ContinuousClock.Instant
    /// The first ``ConformanceLimits/maxErrorBytes``, which are searched for secrets.
    private(set) var bytes: [UInt8] = []
    private var tail: [UInt8] = []
    private var lines = 0
    /// What ``takeLines()`` has not returned yet.
    private var waiting: [UInt8] = []

    init(startedAt: ContinuousClock.Instant) {
        self.startedAt = startedAt
    }

    mutating func append(_ chunk: ArraySlice<UInt8>) {
        lines += chunk.count { $0 == 0x0A }
        bytes.append(contentsOf: chunk.prefix(ConformanceLimits.maxErrorBytes - bytes.count))
        tail = (tail + chunk).suffix(ConformanceLimits.errorTailBytes)
        waiting.append(contentsOf: chunk)
        waiting.removeFirst(max(0, waiting.count - ConformanceLimits.maxWaitingErrorBytes))
    }

    /// Returns the whole lines since the last call.
    mutating func takeLines() -> [[UInt8]] {
        var lines = waiting.split(separator: 0x0A, omittingEmptySubsequences: false)
        waiting = lines.popLast().map(Array.init) ?? []
        return lines.map(Array.init)
    }

    /// The line that says why the plugin ended.
    var lastLine: String? {
        var words = LastWords()
        for line in tail.split(separator: 0x0A) { words.add(String(decoding: line, as: UTF8.self)) }
        return words.line.map { Evidence.text(Array($0.utf8)) }
    }

    /// The number of lines, if it exceeds the host's limit.
    var excessLines: Int? {
        let seconds = (ContinuousClock.now - startedAt) / .seconds(1)
        let allowed = ConformanceLimits.logBurstLines + Int(seconds * ConformanceLimits.logLinesPerSecond)
        return lines > allowed ? lines : nil
    }

    /// Whether the last lines mention refused memory or files.
    var speaksOfExhaustion: Bool {
        let text = String(decoding: tail, as: UTF8.self).lowercased()
        return ["too many open files", "out of memory", "cannot allocate memory", "memoryerror", "bad_alloc"]
            .contains { text.contains($0) }
    }
}

/// Formats bytes of a plugin for reports.
package enum Evidence {
    /// Returns at most the given number of bytes as text on one line, with escaped control characters, and bytes that
    /// are not UTF-8 as `\xHH`.
    static func text(_ bytes: [UInt8], limit: Int = ConformanceLimits.maxEvidenceBytes) -> String {
        var text = ""
        var rest = Array(bytes.prefix(limit))[...]
        while let first = rest.first {
            let length = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2
            if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first {
                text += isShown(scalar) ? String(scalar) : escape(scalar)
                rest = rest.dropFirst(length)
            } else {
                text += "\\x" + hex(UInt32(first), digits: 2)
                rest = rest.dropFirst()
            }
        }
        return bytes.count > limit ? "\(text)... (\(bytes.count) bytes)" : text
    }

    private static func isShown(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse, .surrogate: false
        default: true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{" + hex(scalar.value, digits: 1) + "}"
        }
    }

    private static func hex(_ number: UInt32, digits: Int) -> String {
        let text = String(number, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
