import CCurl
import Glibc

/// A connection for a protocol other than HTTP: libcurl resolves the name, connects and establishes the TLS session
/// (`CURLOPT_CONNECT_ONLY`), and the caller sends and receives bytes.
///
/// Calls block their thread, at most until their deadline.
///
/// Unchecked: the owner ensures that one thread at a time uses a connection, not always the same one. Only
/// ``interrupt()`` may be called from any thread; it only touches a descriptor that lives as long as this object.
package final class ByteConnection: @unchecked Sendable {
    /// An address to connect to.
    package enum Address: Sendable, Hashable {
        /// A host and port; an IPv6 address has no brackets.
        case tcp(host: String, port: Int)
        /// The path of a Unix socket.
        case unix(path: String)

        /// Nil for a socket.
        package var host: String? {
            guard case .tcp(let host, _) = self else { return nil }
            return host
        }
    }

    private let easy: EasyHandle
    private let socket: Int32
    /// The name of the peer in messages.
    private let name: String

    /// Connects.
    ///
    /// - Parameters:
    ///   - tls: nil for plaintext.
    ///   - peers: the servers to connect to; nil for all.
    ///   - deadline: from the name lookup to the end of the TLS handshake.
    /// - Throws: ``HTTPError/Kind/tls`` even if the peer accepts the connection and never answers the TLS handshake.
    package init(
        to address: Address, tls: TLSOptions?, peers: PeerRule? = nil, deadline: ContinuousClock.Instant
    ) throws(HTTPError) {
        name = address.description
        easy = EasyHandle()
        let milliseconds = ContinuousClock.now.duration(to: deadline).roundedUpMilliseconds
        guard milliseconds > 0 else { throw Self.late("connecting to", name) }
        try easy.prepare(address, tls: tls, peers: peers, timeoutMilliseconds: Int(milliseconds))
        let code = curl_easy_perform(easy.curl)
        guard code == CURLE_OK else { throw Self.failure(code, easy, name, tls) }
        var descriptor = curl_socket_t(-1)
        guard ccurl_get_socket(easy.curl, &descriptor) == CURLE_OK, descriptor >= 0 else {
            throw HTTPError(.connectionLost, "the connection to \(name) closed at once; try again")
        }
        socket = descriptor
    }

    /// Sends all of the bytes.
    package func send(_ bytes: [UInt8], deadline: ContinuousClock.Instant) throws(HTTPError) {
        var sent = 0
        while sent < bytes.count {
            var count = 0
            let code = bytes.withUnsafeBytes {
                curl_easy_send(easy.curl, $0.baseAddress! + sent, $0.count - sent, &count)
            }
            switch code {
            case CURLE_OK: sent += count
            case CURLE_AGAIN: try wait(for: POLLOUT, until: deadline, "sending to")
            default: throw HTTPError.failed(code, easy, authority: name)
            }
        }
    }

    /// Waits for bytes and receives as many as are available and fit.
    ///
    /// - Returns: the number of bytes; 0 if the peer has closed.
    package func receive(into buffer: inout [UInt8], deadline: ContinuousClock.Instant) throws(HTTPError) -> Int {
        while true {
            var count = 0
            let code = buffer.withUnsafeMutableBytes { curl_easy_recv(easy.curl, $0.baseAddress, $0.count, &count) }
            switch code {
            case CURLE_OK: return count
            case CURLE_AGAIN: try wait(for: POLLIN, until: deadline, "waiting for")
            default: throw HTTPError.failed(code, easy, authority: name)
            }
        }
    }

    /// Waits for bytes, as ``receive(into:deadline:)`` does, or for a wake-up.
    ///
    /// - Returns: nil if it was woken; the wake-up is cleared then.
    package func receive(
        into buffer: inout [UInt8], deadline: ContinuousClock.Instant, unless wakeUp: WakeUp
    ) throws(HTTPError) -> Int? {
        while true {
            var count = 0
            let code = buffer.withUnsafeMutableBytes { curl_easy_recv(easy.curl, $0.baseAddress, $0.count, &count) }
            switch code {
            case CURLE_OK: return count
            case CURLE_AGAIN:
                if try wait(for: POLLIN, until: deadline, "waiting for", unless: wakeUp.descriptor) {
                    wakeUp.clear()
                    return nil
                }
            default: throw HTTPError.failed(code, easy, authority: name)
            }
        }
    }

    /// Whether the peer has closed, or sent unsolicited data; the connection is unusable then.
    package var isStale: Bool {
        var descriptors = [pollfd(fd: socket, events: Int16(POLLIN), revents: 0)]
        return poll(&descriptors, 1, 0) != 0
    }

    /// Shuts the connection down, so that a thread that waits on it fails.
    package func interrupt() {
        shutdown(socket, Int32(SHUT_RDWR))
    }

    /// - Returns: whether the other descriptor can be read.
    @discardableResult
    private func wait(
        for event: Int32, until deadline: ContinuousClock.Instant, _ doing: String, unless other: Int32 = -1
    ) throws(HTTPError) -> Bool {
        let milliseconds = ContinuousClock.now.duration(to: deadline).roundedUpMilliseconds
        guard milliseconds > 0 else { throw Self.late(doing, name) }
        // A negative value is ignored.
        var descriptors = [
            pollfd(fd: socket, events: Int16(event), revents: 0), pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        // After a signal, the caller checks its deadline and polls again.
        _ = poll(&descriptors, 2, milliseconds)
        return descriptors[1].revents != 0
    }

    private static func late(_ doing: String, _ name: String) -> HTTPError {
        HTTPError(.deadline, "timed out while \(doing) \(name)")
    }

    private static func failure(_ code: CURLcode, _ easy: EasyHandle, _ name: String, _ tls: TLSOptions?) -> HTTPError {
        guard code == CURLE_OPERATION_TIMEDOUT else { return .failed(code, easy, authority: name) }
        if tls != nil, easy.hasLocalPort {
            return HTTPError(
                .tls,
                "\(name) accepted the connection, but did not complete the TLS handshake in time; check that the port uses TLS"
            )
        }
        return HTTPError(.deadline, "timed out while connecting to \(name); check that it runs, and the network")
    }
}

extension ByteConnection.Address: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

extension EasyHandle {
    /// Sets every option for a bare connection.
    fileprivate func prepare(
        _ address: ByteConnection.Address, tls: TLSOptions?, peers: PeerRule?, timeoutMilliseconds: Int
    ) throws(HTTPError) {
        try setErrorBuffer()
        try setOpenSocket(openSocket, peers: peers)
        try set(CURLOPT_CONNECT_ONLY, 1)
        try set(CURLOPT_NOSIGNAL, 1)
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, timeoutMilliseconds)
        try set(CURLOPT_TIMEOUT_MS, timeoutMilliseconds)
        try set(CURLOPT_PROXY, "")
        try set(CURLOPT_NOPROXY, "")
        let scheme = tls == nil ? "http" : "https"
        switch address {
        case .unix(let path):
            try set(CURLOPT_UNIX_SOCKET_PATH, path)
            try set(CURLOPT_URL, "\(scheme)://\(tls?.serverName ?? "localhost")/")
        case .tcp(_, let port):
            let url = "\(scheme)://\(address)/"
            if let serverName = tls?.serverName {
                // TLS uses the host of the URL; the connection uses this rule.
                try set(CURLOPT_URL, try URLParts.replacingHost(of: url, with: serverName))
                try setConnectTo("\(serverName):\(port):\(address)")
            } else {
                try set(CURLOPT_URL, url)
            }
        }
        guard let tls else { return }
        try setTLS(tls)
        // ALPN has no name for the inner protocol.
        try set(CURLOPT_SSL_ENABLE_ALPN, 0)
    }
}
