import Testing

@testable import PluginProtocol

@Suite("The credentials inside a secret")
struct SecretPartsTests {
    @Test(
        "credentials are found inside a URL or a connection string",
        arguments: [
            ("postgres://reader:s3cret-passw0rd@db:5432/x", ["s3cret-passw0rd"]),
            ("amqp://u:p%40ss-w%2Frd-1@mq/%2F", ["p%40ss-w%2Frd-1", "p@ss-w/rd-1"]),
            ("redis://:s3c/ret-9@h:1", ["s3c/ret-9"]), ("https://glpat-0123456789@git.example", ["glpat-0123456789"]),
            (
                "https://host/p?access_token=abc%2Fdef%3D12#y",
                ["abc%2Fdef%3D12#y", "abc/def=12#y", "abc%2Fdef%3D12", "abc/def=12"]
            ),
            ("host=db password='it''s-secret9' user=x", ["it''s-secret9", "it's-secret9"]),
            ("Driver={x};PWD={s3cr;et=pa}", ["s3cr;et=pa"]), ("app:s3cret-pw-1@tcp(db:3306)/x", ["s3cret-pw-1"]),
        ])
    func parts(secret: String, parts: [String]) {
        #expect(Set(SecretParts.of(secret)).isSuperset(of: parts), "\(SecretParts.of(secret))")
    }

    @Test(
        "credentials shorter than 8 bytes, or in any other text, are not found",
        arguments: [
            "", "=", "@", "://", "://@", "redis://:short7x@h", "password=short7x", "s3cret-token", "user@example.com",
            "a=b=c",
            "password", "password=", "password='", "password={",
        ])
    func none(secret: String) { #expect(SecretParts.of(secret).isEmpty) }

    @Test("the number of credentials found in a secret is bounded")
    func bounds() {
        let many = (0..<100).map { "password=secret-number-\($0)" }.joined(separator: ";")
        #expect(SecretParts.of(many).count == SecretParts.maxParts)
        #expect(SecretParts.of(String(repeating: "key=", count: 100_000)).count <= SecretParts.maxParts)
    }
}
