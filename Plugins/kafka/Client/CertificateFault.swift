/// Why OpenSSL refuses a certificate.
///
/// Source: https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/
struct CertificateFault: CustomStringConvertible {
    /// An `X509_V_ERR` constant.
    let code: Int32

    var description: String {
        switch code {
        case 9: "it is not valid yet"
        case 10: "it has expired"
        case 18, 19: "it is self-signed, and tls.ca does not have it"
        case 2, 20, 21: "it is signed by an authority that is not trusted; set tls.ca"
        case 62, 64: "it is for another name"
        default: "OpenSSL's reason is X509_V_ERR \(code)"
        }
    }
}
