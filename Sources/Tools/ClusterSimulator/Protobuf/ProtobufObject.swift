import FoundationEssentials
import WireFormats

/// Converts an object that a client sends as protobuf to JSON.
enum ProtobufObject {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    struct Failure: Error {
        let message: String
    }

    /// - Returns: the object with its type from the envelope.
    static func json(_ body: [UInt8]) throws(Failure) -> JSON {
        guard body.starts(with: magic) else {
            throw Failure(message: "provided data does not appear to be a protobuf message, expected prefix \(magic)")
        }
        let malformed = Failure(message: "the protobuf message is malformed")
        guard let envelope = try? Envelope(body.dropFirst(magic.count)) else { throw malformed }
        guard let message = ProtobufFields.message(apiVersion: envelope.apiVersion, kind: envelope.kind) else {
            throw Failure(
                message: "no kind \"\(envelope.kind)\" is registered for version \"\(envelope.apiVersion)\"")
        }
        guard var object = try? object(message, envelope.content, depth: 1) else { throw malformed }
        object["apiVersion"] = .string(envelope.apiVersion)
        object["kind"] = .string(envelope.kind)
        return .object(object)
    }

    /// The envelope: `runtime.Unknown`.
    private struct Envelope {
        private(set) var apiVersion = ""
        private(set) var kind = ""
        private(set) var content: ArraySlice<UInt8> = []

        init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
            var reader = ProtobufReader(bytes)
            while let (field, value) = try reader.next() {
                guard case .bytes(let bytes) = value else { continue }
                if field == 2 { content = bytes }
                guard field == 1 else { continue }
                var type = ProtobufReader(bytes)
                while let (field, value) = try type.next() {
                    guard case .bytes(let text) = value else { continue }
                    if field == 1 { apiVersion = String(decoding: text, as: UTF8.self) }
                    if field == 2 { kind = String(decoding: text, as: UTF8.self) }
                }
            }
        }
    }

    private static func object(
        _ message: String, _ bytes: ArraySlice<UInt8>, depth: Int
    ) throws(ProtobufReader.Malformed) -> [String: JSON] {
        guard depth <= JSON.maximumDepth else { throw ProtobufReader.Malformed() }
        let fields = ProtobufFields.messages[message] ?? [:]
        var members: [String: JSON] = [:]
        var reader = ProtobufReader(bytes)
        while let (number, value) = try reader.next() {
            guard let field = fields[number] else { continue }
            guard let name = field.name else {
                guard case .message(let inner) = field.type, case .bytes(let content) = value else { continue }
                members.merge(try object(inner, content, depth: depth + 1)) { $1 }
                continue
            }
            switch field.type {
            case .list(let element):
                members[name] = .array((members[name]?.arrayValue ?? []) + (try elements(element, value, depth)))
            case .map(let type):
                guard case .bytes(let entry) = value else { throw ProtobufReader.Malformed() }
                let (key, content) = try self.entry(entry, type, depth)
                members[name] = .object((members[name]?.objectValue ?? [:]).merging([key: content]) { $1 })
            default:
                let json = try self.json(field.type, value, depth)
                if field.isPointer || !isZero(json) { members[name] = json }
            }
        }
        return members
    }

    /// Reads one element of a list, or several packed numbers.
    private static func elements(
        _ type: ProtobufFields.FieldType, _ value: ProtobufReader.Value, _ depth: Int
    ) throws(ProtobufReader.Malformed) -> [JSON] {
        guard type == .number, case .bytes(let packed) = value else { return [try json(type, value, depth)] }
        var reader = ProtobufReader(packed)
        var numbers: [JSON] = []
        while let number = try reader.nextPacked() { numbers.append(.integer(Int64(bitPattern: number))) }
        return numbers
    }

    private static func entry(
        _ bytes: ArraySlice<UInt8>, _ type: ProtobufFields.FieldType, _ depth: Int
    ) throws(ProtobufReader.Malformed) -> (String, JSON) {
        var reader = ProtobufReader(bytes)
        var key = ""
        var content = try json(type, .bytes([]), depth)
        while let (field, value) = try reader.next() {
            if field == 1, case .bytes(let text) = value { key = String(decoding: text, as: UTF8.self) }
            if field == 2 { content = try json(type, value, depth) }
        }
        return (key, content)
    }

    private static func json(
        _ type: ProtobufFields.FieldType, _ value: ProtobufReader.Value, _ depth: Int
    ) throws(ProtobufReader.Malformed) -> JSON {
        switch (type, value) {
        case (.number, .number(let number)): return .integer(Int64(bitPattern: number))
        case (.flag, .number(let number)): return .bool(number != 0)
        case (.real, .number(let number)):
            let real = Double(bitPattern: number)
            guard real.isFinite else { throw ProtobufReader.Malformed() }
            return .number(real)
        case (.text, .bytes(let bytes)):
            guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufReader.Malformed() }
            return .string(text)
        case (.bytes, .bytes(let bytes)): return .string(Data(bytes).base64EncodedString())
        case (.message(let name), .bytes(let bytes)): return .object(try object(name, bytes, depth: depth + 1))
        case (.listMessage(let element), .bytes(let bytes)):
            var reader = ProtobufReader(bytes)
            var list: [JSON] = []
            while let (field, value) = try reader.next() {
                if field == 1 { list += try elements(element, value, depth) }
            }
            return .array(list)
        case (_, .bytes(let bytes)): return try ProtobufValue(bytes).json(type)
        default: throw ProtobufReader.Malformed()
        }
    }

    /// Returns whether Go omits the value if its field is not a pointer.
    private static func isZero(_ json: JSON) -> Bool {
        switch json {
        case .null, .integer(0), .number(0), .bool(false), .string(""), .array([]): true
        case .object(let members): members.isEmpty
        default: false
        }
    }
}

/// A message that is a single value in JSON.
private struct ProtobufValue {
    private var numbers: [UInt64: UInt64] = [:]
    private var texts: [UInt64: ArraySlice<UInt8>] = [:]

    init(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Malformed) {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            switch value {
            case .number(let number): numbers[field] = number
            case .bytes(let text): texts[field] = text
            }
        }
    }

    func json(_ type: ProtobufFields.FieldType) throws(ProtobufReader.Malformed) -> JSON {
        switch type {
        case .time: return try time(.seconds)
        case .microTime: return try time(.microseconds)
        case .quantity: return text(1)
        case .intOrString: return numbers[1] == 1 ? text(3) : .integer(Int64(bitPattern: numbers[2] ?? 0))
        case .json:
            guard let text = texts[1], !text.isEmpty else { return .null }
            guard let json = try? JSON(parsing: text) else { throw ProtobufReader.Malformed() }
            return json
        default: throw ProtobufReader.Malformed()
        }
    }

    /// Converts a time; an empty message is null.
    private func time(_ precision: RFC3339.Precision) throws(ProtobufReader.Malformed) -> JSON {
        guard !numbers.isEmpty else { return .null }
        let nanoseconds = Int64(bitPattern: numbers[2] ?? 0)
        let (seconds, isTooLarge) = Int64(bitPattern: numbers[1] ?? 0).multipliedReportingOverflow(by: 1_000_000)
        let (time, isTooLate) = seconds.addingReportingOverflow(nanoseconds / 1_000)
        guard !isTooLarge, !isTooLate else { throw ProtobufReader.Malformed() }
        return .string(RFC3339.text(microseconds: time, precision: precision))
    }

    private func text(_ field: UInt64) -> JSON { .string(String(decoding: texts[field] ?? [], as: UTF8.self)) }
}
