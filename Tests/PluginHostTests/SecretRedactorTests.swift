import FoundationEssentials
import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("Redaction of a plugin's texts")
struct SecretRedactorTests {
    private static let secret = "p@ss/wörd+ \"1\""

    private func redactor(_ secrets: String...) -> SecretRedactor {
        SecretRedactor(secrets: secrets)
    }

    private static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private static func base64URL(_ text: String) -> String {
        String(base64(text).compactMap { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 == "=" ? nil : $0 })
    }

    private static func percentEncoded(_ text: String, all: Bool = true) -> String {
        text.utf8.map { byte in
            let isPlain = Character(Unicode.Scalar(byte)).isLetter && byte < 0x80
            return isPlain && !all
                ? String(Character(Unicode.Scalar(byte)))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: byte % 2 == 0)
        }.joined()
    }

    @Test(
        "a secret is redacted in every form that it may have on the way to a source",
        arguments: [
            secret, percentEncoded(secret), percentEncoded(secret, all: false),
            "p%40ss%2Fw%C3%B6rd%2B+%221%22", "p%40ss/w%c3%b6rd+%20%221%22", JSON.string(secret).description.dropQuotes,
            "p@ss\\/w\\u00f6rd+ \\\"1\\\"", base64(secret), base64URL(secret), base64("user:" + secret),
            base64("me:" + secret + ":x"), base64("u:" + secret), percentEncoded(base64(secret)),
        ])
    func forms(_ form: String) {
        #expect(redactor(Self.secret).redact("before \(form) after") == "before *** after")
    }

    @Test("a secret with a character outside the basic plane is redacted as JSON escapes it")
    func surrogates() {
        #expect(redactor("key-\u{1F511}-1").redact(#"got "key-\ud83d\udd11-1""#) == #"got "***""#)
    }

    @Test("a private key is redacted line by line, also when it is part of a JSON secret")
    func lines() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n"
        #expect(redactor(key).redact("line hkiG9w0BAQEFAASC.") == "line ***.")
        let json = JSON.object(["private_key": .string(key)]).description
        #expect(redactor(json).redact("line MIIEvQIBADANBgkq.") == "line ***.")
        #expect(redactor(json).redact("all \(json)") == "all ***")
    }

    @Test(
        "a secret from a file is found without the line break at its end",
        arguments: ["s3cr3t\n", "s3cr3t\r\n", "\ts3cr3t"])
    func lineBreakAtEnd(secret: String) {
        #expect(redactor(secret).redact("login s3cr3t failed") == "login *** failed")
        #expect(redactor(secret).redact("Basic \(Self.base64("user:s3cr3t"))") == "Basic ***")
        #expect(redactor("ab\n").redact("ab") == "ab")
    }

    @Test("text without a secret stays unchanged, even if it looks encoded")
    func others() {
        let text = #"100% of +3 \"things\" \u12 \ud800 %4 %zz at https://a.example/b?c=d"#
        #expect(redactor(Self.secret).redact(text) == text)
        #expect(redactor("abc").redact("abc") == "abc", "too short to be one")
    }

    @Test("the password in a URL or a connection string is redacted if it has at least 8 bytes")
    func parts() {
        let redactor = redactor(
            "postgres://reader:s3cret%2Fpassw0rd@db/x", "Server=db;Pwd=S3cr,et w0rd;Encrypt=yes", "redis://:short7x@h")
        #expect(redactor.redact("login s3cret/passw0rd or s3cret%2fpassw0rd failed") == "login *** or *** failed")
        #expect(redactor.redact("Basic \(Self.base64("reader:s3cret/passw0rd"))") == "Basic ***")
        #expect(redactor.redact("sa S3cr,et w0rd") == "sa ***")
        #expect(redactor.redact("short7x of reader") == "short7x of reader")
    }

    @Test("secrets used long ago are evicted, and recurring secrets stay")
    func forgets() {
        var redactor = SecretRedactor()
        for number in 0...PluginHostLimits.maxSecrets {
            redactor.learn(["always-there", "secret-\(number)."])
        }
        #expect(redactor.redact("always-there secret-\(PluginHostLimits.maxSecrets).") == "*** ***")
        #expect(redactor.redact("secret-0.") == "secret-0.")
    }

    @Test("fields marked as secret are found in maps, lists, alternatives and definitions")
    func marks() {
        let secret: JSON = ["type": "string", "x-secret": true]
        let schema: JSON = [
            "properties": [
                "headers": ["additionalProperties": secret],
                "tokens": ["type": "array", "items": secret],
                "all": ["type": "array", "x-secret": true],
                "auth": ["oneOf": [["properties": ["key": secret]], ["properties": ["token": secret]]]],
                "server": ["$ref": "#/$defs/server"],
                "plain": ["type": "string"],
            ],
            "$defs": ["server": ["properties": ["password": secret, "next": ["$ref": "#/$defs/server"]]]],
        ]
        let type = MetricTypeDescription(type: "t", description: "", configSchema: schema, defaultTargetType: .value)
        let found = MetricMarks(type).secretTexts(
            of: PluginConfig([
                "headers": ["X-Key": "header1"], "tokens": ["token1", "token2"], "all": ["listed1"],
                "auth": ["token": "bearer1"], "server": ["password": "server1", "next": ["password": "server2"]],
                "plain": "visible",
            ]))
        #expect(found == ["header1", "token1", "token2", "listed1", "bearer1", "server1", "server2"])
    }

    @Test("printing a config does not show its secrets")
    func printing() {
        let config = PluginConfig(["password": "hunter22"], secrets: ["hunter22"])
        var dumped = ""
        dump(config, to: &dumped)
        #expect("\(config) \(String(reflecting: config)) \([config]) \(dumped)".contains("hunter22") == false)
    }
}

extension String {
    fileprivate var dropQuotes: String { String(dropFirst().dropLast()) }
}
