package import WireFormats

/// The common causes of unreadable lines from a plugin, with the fix.
package enum LineCause {
    /// - Parameter error: the syntax error of the line.
    /// - Returns: nil if none of the common causes applies.
    package static func of(_ line: UnsafeRawBufferPointer, _ error: JSONSyntaxError) -> String? {
        if isUTF16(line) { return "it is UTF-16: write UTF-8" }
        let text = line.drop { $0 == 0x20 || $0 == 0x09 }
        switch text.first {
        case 0x1B:
            return "it begins with a terminal escape sequence: do not write colors or cursor movements to stdout"
        case .some(0..<0x20): return "it begins with a control character: begin each line with the message"
        case UInt8(ascii: "{") where text.dropFirst().first == UInt8(ascii: "'"):
            return "it is a printed Python dict: write it with json.dumps"
        default: break
        }
        let head = String(decoding: text.prefix(longestToken), as: UTF8.self).lowercased()
        if head.hasPrefix("content-length:") {
            return "it is a header as in the Language Server Protocol: a message is one line, without headers"
        }
        // For a number, the error's offset is after the sign.
        let token = String(decoding: line.dropFirst(error.offset).prefix(longestToken), as: UTF8.self).lowercased()
        if token.hasPrefix("nan") || token.hasPrefix("inf") {
            return "NaN and infinities are not JSON: answer the error no_data if there is no number"
        }
        if error.offset >= line.count {
            return "the message continues on further lines: write each message on one line, without line breaks"
        }
        return nil
    }

    private static let longestToken = 16

    /// Returns whether a line that is not an answer was probably meant as one: it contains the members of an answer.
    package static func isMeantAsAnswer(_ line: UnsafeRawBufferPointer) -> Bool {
        // In UTF-16, ASCII text has a zero byte next to each character.
        let bytes = line.filter { $0 != 0 }
        return bytes.contains("jsonrpc".utf8) && (bytes.contains("result".utf8) || bytes.contains("error".utf8))
    }

    private static func isUTF16(_ line: UnsafeRawBufferPointer) -> Bool {
        if line.starts(with: [0xFF, 0xFE]) || line.starts(with: [0xFE, 0xFF]) { return true }
        return line.count(where: { $0 == 0 }) > line.count / 4
    }
}
