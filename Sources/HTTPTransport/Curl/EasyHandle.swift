import CCurl

/// A libcurl transfer handle and the memory that libcurl borrows from it. Used by one thread at a time.
///
/// The transfer loop reuses handles, which saves libcurl's buffers; connections belong to the multi handle.
final class EasyHandle {
    let curl: UnsafeMutableRawPointer
    /// Invariant: `CURL_ERROR_SIZE` bytes that outlive `curl`, which writes its last error message here.
    private let errorBuffer: UnsafeMutablePointer<CChar>
    /// Invariant: libcurl borrows these until `reset`.
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private var peerCheck: PeerCheck?

    private static let globalInit: CURLcode = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Initializes libcurl once, before its first use.
    ///
    /// Called on the thread that creates a client, never on one that a client starts: if the process exits while
    /// another thread is in this function, OpenSSL's exit handlers run concurrently with its initialization and crash
    /// the process.
    static func initializeLibrary() {
        precondition(globalInit == CURLE_OK, "curl_global_init failed")
    }

    init() {
        EasyHandle.initializeLibrary()
        guard let curl = curl_easy_init() else { preconditionFailure("curl_easy_init failed: out of memory") }
        self.curl = curl
        errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(curl)
        curl_slist_free_all(headers)
        curl_slist_free_all(connectTo)
        errorBuffer.deallocate()
    }

    /// Clears the last transfer, including its secrets.
    func reset() {
        curl_easy_reset(curl)
        curl_slist_free_all(headers)
        curl_slist_free_all(connectTo)
        headers = nil
        connectTo = nil
        peerCheck = nil
        errorBuffer[0] = 0
    }

    /// libcurl's error message; may be empty.
    var errorMessage: String { String(cString: errorBuffer) }

    /// Returns whether the transfer has completed a phase, given the `CURLINFO_..._TIME_T` of its end.
    func hasPassed(_ phaseEnd: CURLINFO) -> Bool {
        var microseconds: curl_off_t = 0
        return ccurl_get_offset(curl, phaseEnd, &microseconds) == CURLE_OK && microseconds > 0
    }

    /// Whether a TCP connection was established. Includes a connection whose TLS handshake failed, which libcurl counts
    /// as not connected.
    var hasLocalPort: Bool {
        var port = 0
        return ccurl_get_long(curl, CURLINFO_LOCAL_PORT, &port) == CURLE_OK && port > 0
    }

    /// Whether a proxy refused a tunnel.
    var wasRefusedByProxy: Bool {
        var status = 0
        return ccurl_get_long(curl, CURLINFO_HTTP_CONNECTCODE, &status) == CURLE_OK && status >= 300
    }

    // MARK: Setting options

    func set(_ option: CURLoption, _ value: Int) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_long(curl, option, value))
    }

    func set(_ option: CURLoption, _ value: String?) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_string(curl, option, value))
    }

    func set(_ option: CURLoption, pointer: UnsafeMutableRawPointer) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_pointer(curl, option, pointer))
    }

    func set(_ option: CURLoption, blob: [UInt8]) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_blob(curl, option, blob, blob.count))
    }

    func set(_ option: CURLoption, callback: @escaping curl_write_callback) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_write_callback(curl, option, callback))
    }

    /// - Parameter peers: nil for no check.
    func setOpenSocket(_ callback: @escaping curl_opensocket_callback, peers: PeerRule?) throws(HTTPError) {
        try EasyHandle.check(ccurl_set_open_socket_callback(curl, callback))
        guard let peers else { return }
        let check = PeerCheck(peers)
        peerCheck = check
        try set(CURLOPT_OPENSOCKETDATA, pointer: Unmanaged.passUnretained(check).toOpaque())
    }

    /// Why an address of the other end was not connected to, if one was not.
    var peerObjection: String? { peerCheck?.objection }

    func setErrorBuffer() throws(HTTPError) {
        try EasyHandle.check(ccurl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorBuffer))
    }

    func setHeaders(_ lines: [String]) throws(HTTPError) {
        for line in lines {
            headers = curl_slist_append(headers, line)
        }
        try EasyHandle.check(ccurl_set_list(curl, CURLOPT_HTTPHEADER, headers))
    }

    func setConnectTo(_ rule: String) throws(HTTPError) {
        connectTo = curl_slist_append(connectTo, rule)
        try EasyHandle.check(ccurl_set_list(curl, CURLOPT_CONNECT_TO, connectTo))
    }

    /// Copies the body, which must outlive a retry on another connection.
    func setBody(_ body: [UInt8]) throws(HTTPError) {
        // The size first: libcurl copies that many bytes.
        try EasyHandle.check(ccurl_set_offset(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        let code = body.withUnsafeBytes { bytes in
            ccurl_set_pointer(curl, CURLOPT_COPYPOSTFIELDS, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
        try EasyHandle.check(code)
    }

    /// Throws if libcurl refuses an option. Never ignored, because TLS depends on some options.
    private static func check(_ code: CURLcode) throws(HTTPError) {
        guard code == CURLE_OK else {
            throw HTTPError(
                .invalidRequest,
                "libcurl refused an option (\(String(cString: curl_easy_strerror(code)))); "
                    + "use libcurl 7.88 or newer with OpenSSL")
        }
    }
}
