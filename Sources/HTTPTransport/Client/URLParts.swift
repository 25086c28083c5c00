import CCurl

/// The parts of a request's URL, as parsed by libcurl.
package struct URLParts: Sendable, Equatable {
    /// `http` or `https`.
    package let scheme: String
    /// The host in lower case; an IPv6 address in brackets.
    package let host: String
    /// The port, if the URL has one.
    package let port: String?
    /// The path as libcurl sends it: without dot segments, and `/` if the URL has none.
    package let path: String
    /// What follows the question mark, if there is something.
    package let query: String?

    package var isTLS: Bool { scheme == "https" }
    package var effectivePort: String { port ?? (isTLS ? "443" : "80") }
    /// The host and port as in a Host header and in messages; never user information, path or query.
    package var authority: String { port.map { "\(host):\($0)" } ?? host }

    /// Parses an absolute http or https URL; throws ``HTTPError/Kind/invalidRequest`` for other texts.
    package init(parsing url: String) throws(HTTPError) {
        guard let handle = curl_url() else { preconditionFailure("out of memory") }
        defer { curl_url_cleanup(handle) }
        // A NUL would end the C string early and hide the rest of the URL from every check.
        guard !url.utf8.contains(0), curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
            let scheme = URLParts.part(CURLUPART_SCHEME, of: handle),
            let host = URLParts.part(CURLUPART_HOST, of: handle)
        else {
            throw HTTPError(.invalidRequest, "the URL is not valid; give one like https://host:port/path")
        }
        guard scheme == "http" || scheme == "https" else {
            throw HTTPError(.invalidRequest, "the URL's scheme is \(scheme); only http and https are supported")
        }
        self.scheme = scheme
        self.host = host.lowercased()
        port = URLParts.part(CURLUPART_PORT, of: handle)
        path = URLParts.part(CURLUPART_PATH, of: handle) ?? "/"
        query = URLParts.part(CURLUPART_QUERY, of: handle)
    }

    /// Returns the URL with another host.
    static func replacingHost(of url: String, with host: String) throws(HTTPError) -> String {
        guard let handle = curl_url() else { preconditionFailure("out of memory") }
        defer { curl_url_cleanup(handle) }
        guard curl_url_set(handle, CURLUPART_URL, url, 0) == CURLUE_OK,
            curl_url_set(handle, CURLUPART_HOST, host, 0) == CURLUE_OK,
            let replaced = part(CURLUPART_URL, of: handle)
        else {
            throw HTTPError(.invalidRequest, "the TLS server name \(host) is not a host name")
        }
        return replaced
    }

    private static func part(_ part: CURLUPart, of handle: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
