import WireFormats

/// Reads the response to a list as it arrives, one item at a time, so that memory does not grow with the list.
struct ListReader {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private enum Place {
        case start
        case firstName, name, colon, value
        case firstItem, item, afterItem
        case afterValue
        case end
    }

    /// The purpose of the value that is being read.
    private enum Use {
        case name, metadata, item, nothing

        /// The maximum bytes of the value to keep.
        var limit: Int {
            switch self {
            case .name: KubernetesLimits.memberNameBytes
            case .metadata: KubernetesLimits.listMetadataBytes
            case .item: KubernetesLimits.objectBytes
            case .nothing: 0
            }
        }
    }

    private var place = Place.start
    private var scanner: ValueScanner?
    private var use = Use.nothing
    private var kept: [UInt8] = []
    private var memberName: [UInt8] = []
    private var metadata = JSON.null

    /// Adds the next bytes of the response.
    ///
    /// - Parameter item: receives the text of each item; for an item of more than ``KubernetesLimits/objectBytes``,
    ///   only the beginning.
    mutating func append(_ chunk: [UInt8], item: (ArraySlice<UInt8>) throws -> Void) throws {
        var offset = 0
        while offset < chunk.count {
            if scanner != nil {
                let end = scanner?.end(in: chunk, from: offset)
                keep(chunk[offset..<(end ?? chunk.count)])
                guard let end else { return }
                offset = end
                try finishValue(item)
            } else if [0x20, 0x0A, 0x0D, 0x09].contains(chunk[offset]) {
                offset += 1
            } else if try takesSeparator(chunk[offset]) {
                offset += 1
            }
        }
    }

    /// - Returns: the metadata of the list as a whole.
    func finish() throws -> JSON {
        guard case .end = place else { throw Failure(description: "unexpected end of the text") }
        return metadata
    }

    /// Consumes a byte between values.
    ///
    /// - Returns: false if a value begins at the byte.
    private mutating func takesSeparator(_ byte: UInt8) throws -> Bool {
        switch (place, byte) {
        case (.start, UInt8(ascii: "{")): place = .firstName
        case (.firstName, UInt8(ascii: "}")), (.afterValue, UInt8(ascii: "}")): place = .end
        case (.firstName, UInt8(ascii: "\"")), (.name, UInt8(ascii: "\"")):
            begin(.name)
            return false
        case (.colon, UInt8(ascii: ":")): place = .value
        case (.value, UInt8(ascii: "[")) where memberName.elementsEqual("items".utf8): place = .firstItem
        case (.firstItem, UInt8(ascii: "]")), (.afterItem, UInt8(ascii: "]")): place = .afterValue
        case (.afterItem, UInt8(ascii: ",")): place = .item
        case (.afterValue, UInt8(ascii: ",")): place = .name
        case (.value, let byte) where Self.beginsValue(byte):
            // Null means an empty array, as Go writes it.
            guard !memberName.elementsEqual("items".utf8) || byte == UInt8(ascii: "n") else {
                throw Failure(description: "items must be an array")
            }
            begin(memberName.elementsEqual("metadata".utf8) ? .metadata : .nothing)
            return false
        case (.firstItem, let byte) where Self.beginsValue(byte), (.item, let byte) where Self.beginsValue(byte):
            begin(.item)
            return false
        default: throw Failure(description: "unexpected character in the list")
        }
        return true
    }

    private static func beginsValue(_ byte: UInt8) -> Bool {
        ![UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte)
    }

    private mutating func begin(_ use: Use) {
        self.use = use
        scanner = ValueScanner()
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        kept += bytes.prefix(use.limit - kept.count)
    }

    private mutating func finishValue(_ item: (ArraySlice<UInt8>) throws -> Void) throws {
        scanner = nil
        switch use {
        case .name:
            memberName = Array(kept.dropFirst().dropLast())
            place = .colon
        case .metadata:
            metadata = try JSON(parsing: kept, limits: KubernetesLimits.answer)
            place = .afterValue
        case .item:
            try item(kept[...])
            place = .afterItem
        case .nothing: place = .afterValue
        }
        // Releases the buffer of a large item, so that the rest of the list does not keep it.
        kept.removeAll(keepingCapacity: kept.capacity <= KubernetesLimits.object.bytes)
    }
}
