import FoundationEssentials
import PluginProtocol
import WireFormats

@testable import PluginHost

extension FuzzTarget {
    /// A plugin's output, with secrets at positions that the input selects.
    static let secretRedactor = FuzzTarget("secret-redactor") { (input) throws(FuzzFinding) in
        let redactor = FuzzedSecrets.redactor
        let text = String(decoding: FuzzedSecrets.expanded(input), as: UTF8.self)
        try FuzzedSecrets.requireNone(in: redactor.redact(text))
        let cleaned = redactor.redact(text).cleaned
        try require(cleaned.isClean, "a control character is left in \(cleaned.prefix(400))")
        try FuzzedSecrets.requireNone(in: cleaned)
        _ = redactor.unfinishedBytes(Array(text.utf8))
    }

    /// A plugin's stderr, as logged.
    static let pluginLog = FuzzTarget("plugin-log") { (input) throws(FuzzFinding) in
        let bytes = FuzzedSecrets.expanded(input)
        let whole = try notes(of: [bytes[...]])
        try require(try notes(of: Chunks.of(bytes)) == whole, "pieces are logged differently")
    }

    private static func notes(of chunks: [ArraySlice<UInt8>]) throws(FuzzFinding) -> [PluginNote] {
        var capture = FuzzedSecrets.log
        var notes: [PluginNote] = []
        for chunk in chunks { notes += chunk.withUnsafeBytes { capture.receive($0, now: .zero) } }
        notes += capture.finish(now: .zero)
        for case .stderr(let line) in notes {
            try require(line.utf8.count <= FuzzLimits.errorBytes, "a line of \(line.utf8.count) bytes")
            try FuzzedSecrets.requireNone(in: line)
            try require(line.isClean, "a control character is left in \(line.prefix(400))")
        }
        return notes
    }
}

private enum FuzzedSecrets {
    static let metricType = MetricTypeDescription(
        type: "queue", description: "",
        configSchema: ["properties": ["password": ["type": "string", "x-secret": true]]], defaultTargetType: .value)
    static let config = PluginConfig(["password": .string(secrets[0])], secrets: Set(secrets.dropFirst()))

    static let redactor: SecretRedactor = {
        SecretRedactor(secrets: MetricMarks(metricType).secretTexts(of: config))
    }()

    /// With short lines, so that a secret is often split between two pieces of a longer line.
    static let log: PluginLogCapture = {
        var log = PluginLogCapture(now: .zero, maxLineBytes: 64)
        log.learn([metricType])
        log.learn(type: metricType.type, config: config)
        return log
    }()

    private static let secrets = [
        "hunter2/+=\"q\\%41 \u{e9}", "abcdabcdabcdabcd", "MIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC",
    ]

    /// Replaces selector bytes by a secret in one of its encodings.
    static func expanded(_ input: [UInt8]) -> [UInt8] {
        input.flatMap { byte in Int(byte) < forms.count ? forms[Int(byte)] : [byte] }
    }

    static func requireNone(in text: String) throws(FuzzFinding) {
        let bytes = Array(text.utf8)
        let isShown = bytes.indices.contains { start in
            forbidden.contains { $0[0] == bytes[start] && bytes[start...].starts(with: $0) }
        }
        try require(!isShown, "a secret is in \(text.prefix(400))")
    }

    /// Each form of each secret, and the lines of a multi-line one.
    private static let forbidden = forms + secrets.flatMap { $0.split(separator: "\n").map { Array($0.utf8) } }

    private static let forms: [[UInt8]] = secrets.flatMap { secret in
        let bytes = Array(secret.utf8)
        let percentEncoded = bytes.flatMap { byte -> [UInt8] in
            let digits = String(byte, radix: 16, uppercase: true)
            return Array("%\(digits.count == 1 ? "0" : "")\(digits)".utf8)
        }
        let escaped = JSON.string(secret).encoded(escapesNonASCII: true).dropFirst().dropLast()
        return [bytes, percentEncoded, Array(escaped), Array(Data(bytes).base64EncodedString().utf8)]
    }
}
