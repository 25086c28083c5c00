import CCurl
import Glibc

/// The limit for plugins that read over HTTP: a bare libcurl loop in a separate process that sends the same requests and
/// discards the answers.
enum GetLoop {
    static let flag = "--get-loop"

    /// Returns the CPU seconds of one request to the URL with a number at its end.
    static func secondsPerReading(_ url: String) throws -> Double {
        let loop = try LineProcess(["/proc/self/exe", flag, url])
        guard let result = Double(try loop.receive()) else { throw BenchError("the curl loop failed") }
        return result
    }

    /// Runs the other process.
    static func run(_ words: [String]) throws {
        guard words.count == 1, let easy = curl_easy_init() else { throw BenchError("\(flag) URL") }
        defer { curl_easy_cleanup(easy) }
        _ = ccurl_set_write_callback(easy, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
        func round() throws {
            for number in 0..<PluginLoad.scalers {
                _ = ccurl_set_string(easy, CURLOPT_URL, "\(words[0])\(number)")
                let code = curl_easy_perform(easy)
                guard code == CURLE_OK else {
                    throw BenchError("libcurl: \(String(cString: curl_easy_strerror(code)))")
                }
            }
        }
        try round()
        let before = try ProcessTimes.cpuSeconds(of: getpid())
        for _ in 1...PluginLoad.rounds { try round() }
        let seconds = try ProcessTimes.cpuSeconds(of: getpid()) - before
        print(seconds / Double(PluginLoad.rounds * PluginLoad.scalers))
    }
}
