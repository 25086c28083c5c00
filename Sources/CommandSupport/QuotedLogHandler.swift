import Logging
import WireFormats

/// Writes log lines with quoted metadata: a value that holds more than plain characters is quoted, so that text from
/// outside cannot forge a field or a line.
struct QuotedLogHandler: LogHandler {
    private var base: StreamLogHandler

    init(_ base: StreamLogHandler) {
        self.base = base
    }

    var logLevel: Logger.Level {
        get { base.logLevel }
        set { base.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue.mapValues(Self.quoted) }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue.map(Self.quoted) }
    }

    func log(event: LogEvent) {
        var event = event
        event.message = "\(event.message.description.cleaned)"
        event.metadata = event.metadata?.mapValues(Self.quoted)
        base.log(event: event)
    }

    private static func quoted(_ value: Logger.Metadata.Value) -> Logger.Metadata.Value {
        "\(quoted("\(value)"))"
    }

    /// Returns the text as it is, or as a JSON string.
    static func quoted(_ text: String) -> String {
        let text = text.cleaned
        guard text.isEmpty || text.utf8.contains(where: { !isPlain($0) }) else { return text }
        return JSON.string(text).description
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_./:@+%,;()[]{}*~!?&#$^|<>".utf8.contains(byte)
        }
    }
}
