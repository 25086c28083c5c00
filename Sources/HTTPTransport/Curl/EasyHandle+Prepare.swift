import CCurl
import Glibc

extension EasyHandle {
    /// Sets every option for the transfer, on a fresh or reset handle.
    ///
    /// libcurl's callbacks get the transfer unretained: the loop keeps it until the handle has left the multi handle.
    func prepare(_ transfer: Transfer, _ configuration: CurlHTTPClient.Configuration) throws(HTTPError) {
        let request = transfer.request
        let context = Unmanaged.passUnretained(transfer).toOpaque()
        try setErrorBuffer()
        try set(CURLOPT_PRIVATE, pointer: context)
        try set(CURLOPT_WRITEFUNCTION, callback: receiveBody)
        try set(CURLOPT_WRITEDATA, pointer: context)
        try set(CURLOPT_HEADERFUNCTION, callback: receiveHeader)
        try set(CURLOPT_HEADERDATA, pointer: context)
        let proxy = request.proxy ?? configuration.proxies.proxy(for: transfer.url) ?? ""
        // A proxy looks the name up and connects itself.
        let peers = proxy.isEmpty ? configuration.peers?.naming([transfer.url.host]) : nil
        try setOpenSocket(openSocket, peers: peers)

        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_NOSIGNAL, 1)
        // Detaches the resolver's thread of a transfer that ends during a name lookup, which would block the loop.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_CONNECTTIMEOUT_MS, Int(HTTPLimits.connectTimeout.roundedUpMilliseconds))
        try set(CURLOPT_MAXAGE_CONN, Int(HTTPLimits.idleConnectionAge.components.seconds))
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Both are always set, so that libcurl does not read the environment itself.
        try set(CURLOPT_PROXY, proxy)
        try set(CURLOPT_NOPROXY, "")

        try setVersion(transfer)
        try setMethod(request)
        try setTarget(transfer)
        if transfer.url.isTLS { try setTLS(request.tls) }
    }

    private func setVersion(_ transfer: Transfer) throws(HTTPError) {
        // libcurl buffers up to 32 MB for a paused HTTP/2 stream, and held back streams have stalled in several of its
        // versions. A stream with its own connection is limited by TCP and does not delay others.
        let canMultiplex = transfer.url.isTLS && !transfer.isStream
        try set(CURLOPT_HTTP_VERSION, canMultiplex ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
        // Waits to multiplex over the first connection in place of opening one per request.
        try set(CURLOPT_PIPEWAIT, canMultiplex ? 1 : 0)
        // Not for a stream: libcurl would decode past the reader's bound.
        if !transfer.isStream { try set(CURLOPT_ACCEPT_ENCODING, "") }
    }

    private func setMethod(_ request: HTTPRequest) throws(HTTPError) {
        if request.method == "HEAD" {
            try set(CURLOPT_NOBODY, 1)
        } else if let body = request.body {
            try setBody(body)
        } else if ["POST", "PUT", "PATCH"].contains(request.method) {
            // These methods declare an empty body.
            try setBody([])
        }
        if request.method != "HEAD" { try set(CURLOPT_CUSTOMREQUEST, request.method) }
    }

    private func setTarget(_ transfer: Transfer) throws(HTTPError) {
        let request = transfer.request
        // A blank value is written with a semicolon; with a colon, libcurl would remove the header.
        var lines = request.headers.map { header in
            let isBlank = header.value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 }
            return isBlank ? "\(header.name);" : "\(header.name): \(header.value)"
        }
        func has(_ name: String) -> Bool { request.headers.contains { $0.name.lowercased() == name } }
        // Headers that libcurl would add to a body.
        if !has("expect") { lines.append("Expect:") }
        if !has("content-type") { lines.append("Content-Type:") }
        if let serverName = request.tls.serverName, transfer.url.isTLS {
            // TLS uses the host of the URL; the connection uses this rule.
            let port = transfer.url.effectivePort
            try set(CURLOPT_URL, try URLParts.replacingHost(of: request.url, with: serverName))
            try setConnectTo("\(serverName):\(port):\(transfer.url.host):\(port)")
            if !has("host") { lines.append("Host: \(transfer.url.authority)") }
        } else {
            try set(CURLOPT_URL, request.url)
        }
        try setHeaders(lines)
    }

    func setTLS(_ tls: TLSOptions) throws(HTTPError) {
        try set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if let authorities = tls.certificateAuthorities {
            try set(CURLOPT_CAINFO_BLOB, blob: authorities)
            // Otherwise the system's directory of authorities would remain trusted besides the blob.
            try set(CURLOPT_CAPATH, nil)
            try set(CURLOPT_CAINFO, nil)
        }
        if let certificate = tls.clientCertificate {
            try set(CURLOPT_SSLCERTTYPE, "PEM")
            try set(CURLOPT_SSLCERT_BLOB, blob: certificate)
        }
        if let key = tls.clientKey {
            try set(CURLOPT_SSLKEYTYPE, "PEM")
            try set(CURLOPT_SSLKEY_BLOB, blob: key)
        }
        if tls.skipsVerification {
            try set(CURLOPT_SSL_VERIFYPEER, 0)
            try set(CURLOPT_SSL_VERIFYHOST, 0)
        }
    }
}

// MARK: libcurl's callbacks, on the loop thread

private func transfer(_ context: UnsafeMutableRawPointer) -> Transfer {
    Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
}

private func receiveHeader(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer(context).receiveHeader(line) ? line.count : 0
}

private func receiveBody(
    bytes: UnsafeMutablePointer<CChar>?, size: Int, count: Int, context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return switch transfer(context).receiveBody(bytes) {
    case .taken: bytes.count
    case .paused: Int(CURL_WRITEFUNC_PAUSE)
    // Any number other than the number of bytes.
    case .refused: bytes.isEmpty ? 1 : 0
    }
}

/// Opens a socket as libcurl would, but closes it on exec and detects dead peers: otherwise an HTTP/2 connection to a
/// dead peer would be reused, and fail, until the kernel closes it after 15 minutes.
///
/// - Parameter context: a ``PeerCheck``, which can refuse the address; nil if every address is allowed.
func openSocket(
    context: UnsafeMutableRawPointer?, purpose: curlsocktype, address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let pointer = address else { return CURL_SOCKET_BAD }
    if let context {
        // Alive: the easy handle holds it until its reset.
        let check = Unmanaged<PeerCheck>.fromOpaque(context).takeUnretainedValue()
        guard check.permits(ccurl_address(pointer)) else { return CURL_SOCKET_BAD }
    }
    let address = pointer.pointee
    let descriptor = socket(
        address.family, address.socktype | Int32(bitPattern: SOCK_CLOEXEC.rawValue), address.protocol)
    guard descriptor >= 0 else { return CURL_SOCKET_BAD }
    func set(_ level: Int32, _ option: Int32, _ value: Int64) {
        var value = Int32(clamping: value)
        // Not fatal: without the option, a dead peer is detected later.
        _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
    let (probes, seconds) = (Int64(3), HTTPLimits.deadPeerTimeout.components.seconds)
    set(SOL_SOCKET, SO_KEEPALIVE, 1)
    set(Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds / 2)
    set(Int32(IPPROTO_TCP), TCP_KEEPINTVL, seconds / 2 / probes)
    set(Int32(IPPROTO_TCP), TCP_KEEPCNT, probes)
    set(Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, seconds * 1_000)
    return descriptor
}
