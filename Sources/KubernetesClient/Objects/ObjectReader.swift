package import WireFormats

/// An object of the API server, read within limits.
package enum ReadObject: Sendable, Hashable {
    /// The requested fields.
    case whole(JSON)
    case oversized(OversizedObject)
}

/// An object that exceeds the limits of its reader.
package struct OversizedObject: Error, Sendable, Hashable, CustomStringConvertible {
    /// The identifying fields of the object, and its `status` if that is small.
    package let partial: JSON
    package let bound: JSONLimits.Bound
    /// The measured size of the limited quantity.
    package let size: Int
    /// The limit.
    package let limit: Int

    package var description: String {
        switch bound {
        case .bytes: "has \(size) bytes without metadata.managedFields, and at most \(limit) are read"
        case .nodes: "has \(size) values (scalars, arrays and objects), and at most \(limit) are read"
        case .depth: "is nested \(size) deep, and at most \(limit) is read"
        }
    }
}

/// Reads objects from their text: first finds the needed fields, then parses only these.
package struct ObjectReader: Sendable {
    package let fields: ObjectFields
    package let limits: JSONLimits

    package init(_ fields: ObjectFields = .all, limits: JSONLimits = KubernetesLimits.object) {
        self.fields = fields
        self.limits = limits
    }

    /// - Parameter text: the text of the object, or its beginning if it is longer than
    ///   ``KubernetesLimits/objectBytes``.
    /// - Throws: ``JSONSlicer/Failure`` or `JSONSyntaxError` if the text is not an object, or if a truncated one does
    ///   not begin with its metadata.
    package func read(_ text: ArraySlice<UInt8>) throws -> ReadObject {
        if text.count >= KubernetesLimits.objectBytes {
            return .oversized(partial(of: text, .bytes, size: text.count, limit: limits.bytes))
        }
        let kept = try kept(of: text)
        guard let kept = kept.bytes else {
            return .oversized(partial(of: text, .bytes, size: kept.size, limit: limits.bytes))
        }
        do throws(JSONSyntaxError) {
            return .whole(try JSON(parsing: kept, limits: limits))
        } catch {
            guard let bound = error.exceeded else { throw error }
            let extent = JSONExtent(of: kept)
            switch bound {
            case .bytes: return .oversized(partial(of: text, bound, size: kept.count, limit: limits.bytes))
            case .nodes: return .oversized(partial(of: text, bound, size: extent.nodes, limit: limits.nodes))
            case .depth: return .oversized(partial(of: text, bound, size: extent.depth, limit: limits.depth))
            }
        }
    }

    // MARK: The fields that are needed

    /// - Returns: the text of the kept fields and its size; no text if that is over the bound.
    private func kept(of text: ArraySlice<UInt8>) throws -> (bytes: [UInt8]?, size: Int) {
        var kept = KeptMembers(limit: limits.bytes)
        kept.open()
        var slicer = JSONSlicer(text)
        try slicer.eachMember { name, slicer in
            try add(slicer.value(), named: name, by: fields.rule(for: name), to: &kept)
        }
        try slicer.end()
        kept.close()
        return (kept.isOver ? nil : kept.bytes, kept.size)
    }

    private func add(
        _ value: ArraySlice<UInt8>, named name: ArraySlice<UInt8>, by rule: ObjectFields.Rule,
        to kept: inout KeptMembers
    ) throws {
        switch rule {
        case .nothing: break
        case .all: kept.add(name, value)
        case .members(let names):
            try addMembers(of: value, named: name, to: &kept) { member in
                names.contains { member.elementsEqual($0.utf8) }
            }
        case .allBut(let names):
            try addMembers(of: value, named: name, to: &kept) { member in
                !names.contains { member.elementsEqual($0.utf8) }
            }
        case .parts(let rules):
            kept.addName(name)
            try addParts(of: value, by: rules, to: &kept)
        }
    }

    /// Each level of rules scans the text below it once more.
    private func addParts(
        of value: ArraySlice<UInt8>, by rules: [String: ObjectFields.Rule], to kept: inout KeptMembers
    ) throws {
        var slicer = JSONSlicer(value)
        switch value.first {
        case UInt8(ascii: "{"):
            kept.open()
            try slicer.eachMember { name, slicer in
                let value = try slicer.value()
                guard let rule = rules[String(decoding: name, as: UTF8.self)] else { return }
                try add(value, named: name, by: rule, to: &kept)
            }
            kept.close()
        case UInt8(ascii: "["):
            kept.open("[")
            try slicer.eachElement { _, element in
                // An array in an array is of no known kind.
                guard element.first == UInt8(ascii: "{") else { return }
                try addParts(of: element, by: rules, to: &kept)
            }
            kept.close("]")
        default: kept.addValue(value)
        }
    }

    private func addMembers(
        of value: ArraySlice<UInt8>, named name: ArraySlice<UInt8>, to kept: inout KeptMembers,
        where isKept: (ArraySlice<UInt8>) -> Bool
    ) throws {
        guard value.first == UInt8(ascii: "{") else { return kept.add(name, value) }
        kept.addName(name)
        kept.open()
        var slicer = JSONSlicer(value)
        try slicer.eachMember { member, slicer in
            let value = try slicer.value()
            if isKept(member) { kept.add(member, value) }
        }
        kept.close()
    }

    // MARK: What remains of an object over the bounds

    private func partial(
        of text: ArraySlice<UInt8>, _ bound: JSONLimits.Bound, size: Int, limit: Int
    ) -> OversizedObject {
        var partial: [String: JSON] = [:]
        var slicer = JSONSlicer(text)
        // If the text is truncated, reads the members before the end.
        try? slicer.eachMember { name, slicer in
            let value = try slicer.value()
            if name.elementsEqual("metadata".utf8) {
                partial["metadata"] = .object(Self.identity(in: value))
            } else if name.elementsEqual("apiVersion".utf8) || name.elementsEqual("kind".utf8) {
                partial[String(decoding: name, as: UTF8.self)] = try? JSON(
                    parsing: value, limits: KubernetesLimits.identityValue)
            } else if name.elementsEqual("status".utf8) {
                partial["status"] = try? JSON(parsing: value, limits: KubernetesLimits.remainingStatus)
            }
        }
        return OversizedObject(partial: .object(partial), bound: bound, size: size, limit: limit)
    }

    private static func identity(in metadata: ArraySlice<UInt8>) -> [String: JSON] {
        var identity: [String: JSON] = [:]
        var slicer = JSONSlicer(metadata)
        try? slicer.eachMember { name, slicer in
            let value = try slicer.value()
            guard let name = ObjectFields.identifying.first(where: { name.elementsEqual($0.utf8) }) else { return }
            identity[name] = try? JSON(parsing: value, limits: KubernetesLimits.identityValue)
        }
        return identity
    }
}

/// The kept members of an object, combined into the text of another. Members over the limit are only counted.
private struct KeptMembers {
    let limit: Int
    private(set) var bytes: [UInt8] = []
    private(set) var size = 0
    private var needsComma = false

    init(limit: Int) {
        self.limit = limit
    }

    var isOver: Bool { size > limit }

    mutating func open(_ bracket: Unicode.Scalar = "{") { append(CollectionOfOne(UInt8(ascii: bracket))) }

    mutating func close(_ bracket: Unicode.Scalar = "}") {
        needsComma = false
        append(CollectionOfOne(UInt8(ascii: bracket)))
        needsComma = true
    }

    mutating func addName(_ name: ArraySlice<UInt8>) {
        append(CollectionOfOne(UInt8(ascii: "\"")))
        needsComma = false
        append(name)
        append([UInt8(ascii: "\""), UInt8(ascii: ":")])
    }

    mutating func add(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
        addName(name)
        addValue(value)
    }

    mutating func addValue(_ value: ArraySlice<UInt8>) {
        append(value)
        needsComma = true
    }

    private mutating func append(_ more: some Collection<UInt8>) {
        size += more.count + (needsComma ? 1 : 0)
        if !isOver {
            if needsComma { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: more)
        }
        needsComma = false
    }
}

/// The number and depth of the values of a JSON text, counted without parsing them.
struct JSONExtent {
    private(set) var nodes = 1
    private(set) var depth = 0

    init(of text: [UInt8]) {
        var nesting = 0
        var isInString = false
        var isEscaped = false
        var hasOpened = false
        for byte in text where byte > 0x20 {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            // An array or object that is not empty has one more value than commas.
            if hasOpened, byte != UInt8(ascii: "]"), byte != UInt8(ascii: "}") { nodes += 1 }
            hasOpened = false
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: ","): nodes += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                nesting += 1
                depth = max(depth, nesting)
                hasOpened = true
            case UInt8(ascii: "}"), UInt8(ascii: "]"): nesting -= 1
            default: break
            }
        }
    }
}
