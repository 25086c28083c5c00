import SourceSupport
import WireFormats

@testable import HTTPTransport
@testable import PluginHost
@testable import generalscaler_plugin_redis

extension FuzzTarget {
    static let responseHead = FuzzTarget("response-head") { (input) throws(FuzzFinding) in
        var parser = ResponseHeadParser(maxBytes: FuzzLimits.inputBytes / 2)
        for line in input.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let step = (Array(line) + [0x0A]).withUnsafeBytes { parser.take($0) }
            switch step {
            case .more: continue
            case .tooLarge: return
            case .head(let head):
                for header in head.headers {
                    try require(!header.name.contains(":") && !header.value.contains("\n"), "the header \(header)")
                }
                _ = head.header("retry-after")
            }
        }
    }

    /// An address that is allowed as parsed here must be the one that curl connects to.
    static let addresses = FuzzTarget("addresses") { (input) throws(FuzzFinding) in
        let text = String(decoding: input, as: UTF8.self)
        _ = AddressPattern(text)
        _ = RedisAddress(text)
        if let url = try? RedisURL(text), let database = url.database {
            try require(database >= 0, "the database is \(database)")
        }
        guard let url = try? URLParts(parsing: text) else { return }
        if GoogleHosts.mayGetToken(text, environment: [:]) {
            let isLoopback = ["127.0.0.1", "localhost", "[::1]"].contains(url.host)
            let isGoogle = url.isTLS && (url.host == "googleapis.com" || url.host.hasSuffix(".googleapis.com"))
            try require(isLoopback || isGoogle, "the token of Google would go to \(url.host)")
        }
        guard let address = ServerAddress(text), let scheme = address.scheme else { return }
        try require(scheme == url.scheme, "\(scheme) is \(url.scheme) to curl")
        guard !address.host.hasPrefix("["), !isNumeric(url.host) else { return }
        try require(url.host == address.host, "\(address.host) is \(url.host) to curl")
        try require(Int(url.effectivePort) == address.effectivePort, "\(address) is another port to curl")
    }

    /// Returns whether the host is an IPv4 address, which curl normalizes.
    private static func isNumeric(_ host: String) -> Bool {
        host.allSatisfy { $0.isNumber || $0 == "." }
    }
}
