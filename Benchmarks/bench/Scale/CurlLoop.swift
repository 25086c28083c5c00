import CCurl
import Glibc

/// The limit for queries over HTTP: a bare libcurl loop in a separate process that sends the same queries at the same
/// rate and discards the answers.
enum CurlLoop {
    static let flag = "--curl-loop"
    /// The interval in seconds between batches of queries, as for the operator's polls.
    private static let slot = 0.5

    /// Returns the CPU seconds of one query.
    ///
    /// - Parameters:
    ///   - rate: queries per second.
    static func secondsPerQuery(_ address: String, rate: Double, seconds: Double) throws -> Double {
        let loop = try LineProcess(["/proc/self/exe", flag, address, "\(rate)", "\(seconds)"])
        guard let result = Double(try loop.receive()) else { throw BenchError("the curl loop failed") }
        return result
    }

    /// Runs the other process.
    static func run(_ words: [String]) throws {
        guard words.count == 3, let rate = Double(words[1]), let seconds = Double(words[2]),
            let easy = curl_easy_init()
        else { throw BenchError("\(flag) ADDRESS RATE SECONDS") }
        defer { curl_easy_cleanup(easy) }
        _ = ccurl_set_string(easy, CURLOPT_URL, "\(words[0])/api/v1/query")
        _ = ccurl_set_write_callback(easy, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        let clock = ContinuousClock()
        let count = Int(rate * seconds)
        let queries = (0..<count).map { index in
            let query = ScaleEnvironment.query(index).utf8.map { byte in
                // Other characters may need escaping in a form.
                Character(Unicode.Scalar(byte)).isLetter ? String(UnicodeScalar(byte)) : "%" + hexadecimal(byte)
            }.joined()
            return "query=\(query)"
        }
        try perform(easy, queries[0])
        let cpu = try ProcessTimes.cpuSeconds(of: getpid())
        let start = clock.now
        for (number, query) in queries.enumerated() {
            let due = start + .seconds((Double(number) / rate / slot).rounded(.down) * slot)
            let wait = clock.now.duration(to: due)
            if wait > .zero { usleep(UInt32(wait / .microseconds(1))) }
            try perform(easy, query)
        }
        print((try ProcessTimes.cpuSeconds(of: getpid()) - cpu) / Double(count))
    }

    private static func perform(_ easy: UnsafeMutableRawPointer, _ query: String) throws {
        // libcurl does not copy the body, which is valid as long as the transfer.
        try query.withCString { body in
            _ = ccurl_set_pointer(easy, CURLOPT_POSTFIELDS, UnsafeMutablePointer(mutating: body))
            let code = curl_easy_perform(easy)
            guard code == CURLE_OK else { throw BenchError("libcurl: \(String(cString: curl_easy_strerror(code)))") }
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16, uppercase: true)
        return text.count == 1 ? "0" + text : text
    }
}
