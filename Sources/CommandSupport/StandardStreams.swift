import Glibc
package import Logging

/// The output of the program: logs on stderr, results on stdout.
package enum StandardStreams {
    package static func logger(_ label: String, level: Logger.Level) -> Logger {
        var logger = Logger(label: label) { QuotedLogHandler(.standardError(label: $0)) }
        logger.logLevel = level
        return logger
    }

    /// Writes all bytes to stdout without buffering.
    package static func writeLine(_ line: [UInt8]) {
        write(line, to: STDOUT_FILENO)
    }

    /// Writes one line of text to stdout without buffering, even if stdout is not a terminal.
    package static func printLine(_ text: String) {
        write(Array("\(text)\n".utf8), to: STDOUT_FILENO)
    }

    /// - Returns: false if the reader has closed the stream.
    @discardableResult
    package static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
