import CCurl

extension HTTPError {
    /// Converts libcurl's result to an error. libcurl's message, which is in the handle, names hosts and certificate
    /// fields, never headers or the URL's path.
    static func failed(_ code: CURLcode, _ easy: EasyHandle, authority: String) -> HTTPError {
        let detail = easy.errorMessage.isEmpty ? String(cString: curl_easy_strerror(code)) : easy.errorMessage
        if easy.wasRefusedByProxy {
            return HTTPError(
                .connect, "the proxy refused to connect to \(authority) (\(detail)); check its rules, or no_proxy")
        }
        if code == CURLE_COULDNT_CONNECT, let objection = easy.peerObjection {
            return HTTPError(.connect, "no connection to \(authority): \(objection)")
        }
        switch code {
        case CURLE_URL_MALFORMAT:
            return HTTPError(.invalidRequest, "libcurl refused the URL of \(authority) (\(detail)); correct the URL")
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY:
            return HTTPError(
                .nameLookup, "no address found for \(authority) (\(detail)); check the name, the proxy and the DNS")
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_OPERATION_TIMEDOUT:
            return HTTPError(
                .connect, "no connection to \(authority) (\(detail)); check that it runs, its port and the network")
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ENGINE_INITFAILED,
            CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH, CURLE_SSL_CLIENTCERT, CURLE_USE_SSL_FAILED:
            return tls(authority, detail)
        // TLS 1.3 servers verify a client's certificate after the handshake, so their alert arrives with the first
        // read.
        case CURLE_RECV_ERROR where detail.contains(" alert "):
            return tls(authority, detail)
        // A header line over libcurl's own limit: "out of memory" up to 8.5, then CURLE_TOO_LARGE (100).
        case CURLE_OUT_OF_MEMORY, CURLcode(rawValue: 100):
            return HTTPError(.bodyTooLarge, "\(authority) sent more than libcurl accepts (\(detail))")
        // Includes CURLE_UNSUPPORTED_PROTOCOL: the URL was checked, so the response was not HTTP.
        default:
            return HTTPError(.connectionLost, "the connection to \(authority) failed (\(detail)); try again")
        }
    }

    private static func tls(_ authority: String, _ detail: String) -> HTTPError {
        HTTPError(
            .tls,
            "no trusted TLS connection to \(authority) (\(detail)); "
                + "check the certificate authority, the server name and the client certificate")
    }

    static func cancelled(_ authority: String) -> HTTPError {
        HTTPError(.cancelled, "the request to \(authority) was cancelled by its caller")
    }

    static func shutDown(_ authority: String) -> HTTPError {
        HTTPError(.shutDown, "the HTTP client was shut down, so the request to \(authority) was not sent")
    }
}
