import PluginProtocol
import WireFormats

/// A message that a plugin has spread over several lines, assembled from rejected lines.
struct ScatteredMessage {
    private var bytes: [UInt8] = []

    /// Whether the lines so far look like a message.
    var isUnderWay: Bool { bytes.contains("jsonrpc".utf8) }

    /// - Returns: the message if the line completes it.
    mutating func add(_ line: UnsafeRawBufferPointer) -> JSON? {
        let isBlank: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 }
        if bytes.isEmpty, line.first(where: { !isBlank($0) }) != UInt8(ascii: "{") { return nil }
        guard bytes.count + line.count < ProtocolLimits.maxResponseBytes else {
            reset()
            return nil
        }
        bytes += line
        bytes.append(0x0A)
        // Attempted at most as often as consecutive lines are rejected.
        guard line.last(where: { !isBlank($0) }) == UInt8(ascii: "}"), let json = try? JSON(parsing: bytes) else {
            return nil
        }
        reset()
        guard json["jsonrpc"] != nil else { return nil }
        return json
    }

    mutating func reset() {
        bytes = []
    }

    /// The fault, for the plugin's author.
    static let fault =
        "it spreads a message over several lines: write each on one line (in Python, json.dumps without indent)"
}
