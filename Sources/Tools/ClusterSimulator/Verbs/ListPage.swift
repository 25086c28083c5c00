import FoundationEssentials
import WireFormats

/// The objects in one list response: a page of a snapshot.
struct ListPage {
    let objects: [ObjectVersion]
    let revision: UInt64
    private(set) var continueToken: String?
    /// The remaining count; nil if selectors make it unknown.
    private(set) var remaining: Int?

    init(_ call: Call, _ store: Store) throws(StatusError) {
        let request = call.request
        let selection = try Selection(call)
        let table = store.table(call.type.storage)
        let start = try request.parameter("continue").map(ContinueToken.init(parsing:))
        let wanted = try ListRevision(request, current: store.revision)
        let limit = wanted == .any ? 0 : request.parameter("limit").flatMap(Int.init) ?? 0

        var found: [ObjectVersion]
        switch (start?.revision, wanted) {
        case (let snapshot?, _), (nil, .exact(let snapshot)):
            guard let state = table.objects(in: selection.namespace, at: snapshot, after: start?.key) else {
                throw .expired("The provided resource version is too old to display a consistent list result.")
            }
            (found, revision) = (state, snapshot)
        default:
            found = table.objects(in: selection.namespace)
            revision = store.revision
        }
        if selection.selectsByContent || selection.name != nil { found = found.filter(selection.matches) }
        if limit > 0, found.count > limit {
            continueToken = ContinueToken(revision: revision, key: found[limit - 1].key).text
            remaining = selection.selectsByContent ? nil : found.count - limit
            found.removeLast(found.count - limit)
        }
        objects = found
    }
}

/// The revision of a list, from its resourceVersion and resourceVersionMatch.
enum ListRevision: Equatable {
    case latest
    /// Any available revision; the real server then ignores the limit.
    case any
    case exact(UInt64)

    init(_ request: APIRequest, current: UInt64) throws(StatusError) {
        let match = request.parameter("resourceVersionMatch")
        guard let text = request.parameter("resourceVersion") else {
            if match != nil, !request.flag("sendInitialEvents") {
                throw .invalidListOptions(
                    .forbidden(
                        "resourceVersionMatch",
                        "resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            self = .latest
            return
        }
        let revision = try UInt64.resourceVersion(text)
        guard revision <= current else {
            if let timeout = request.parameter("timeout"), Self.seconds(timeout) < Limits.freshnessWaitSeconds {
                throw .requestTimeout()
            }
            throw .tooLargeResourceVersion(revision, current: current)
        }
        if request.parameter("continue") != nil, revision != 0 {
            throw .badRequest("specifying resource version is not allowed when using continue")
        }
        switch match {
        case nil, "NotOlderThan": self = revision == 0 ? .any : .latest
        case "Exact" where revision == 0:
            throw .invalidListOptions(
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\""))
        case "Exact": self = .exact(revision)
        case let other?:
            throw .invalidListOptions(
                .notSupported(
                    "resourceVersionMatch", .string(other), supported: ["Exact", "NotOlderThan", ""]))
        }
    }

    private static func seconds(_ text: String) -> Int {
        text.hasSuffix("s") ? Int(text.dropLast()) ?? .max : .max
    }
}

/// The position of the next page, as opaque text.
struct ContinueToken {
    let revision: UInt64
    let key: ObjectKey

    init(revision: UInt64, key: ObjectKey) {
        self.revision = revision
        self.key = key
    }

    init(parsing text: String) throws(StatusError) {
        let base64 = text.replacing("-", with: "+").replacing("_", with: "/")
        let padded = base64 + String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), let json = try? JSON(parsing: data),
            let revision = json["rv"]?.intValue, let namespace = json.string("namespace"),
            let name = json.string("name")
        else { throw .badRequest("invalid continue token: continue key is not valid") }
        self.revision = UInt64(max(0, revision))
        key = ObjectKey(namespace: namespace, name: name)
    }

    var text: String {
        let json: JSON = [
            "v": "meta.k8s.io/v1", "rv": JSON(Int(revision)), "namespace": .string(key.namespace),
            "name": .string(key.name),
        ]
        return Data(json.encoded()).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
            .replacing("=", with: "")
    }
}

extension UInt64 {
    /// - Throws: 500 without a reason, like the real server for text that is not a version.
    static func resourceVersion(_ text: String) throws(StatusError) -> UInt64 {
        guard let revision = UInt64(text) else {
            throw StatusError(
                500, nil,
                "resourceVersion: Invalid value: \"\(text)\": strconv.ParseUint: parsing \"\(text)\": invalid syntax")
        }
        return revision
    }
}

extension StatusError {
    static func invalidListOptions(_ error: FieldError) -> StatusError {
        .invalid(ErrorSubject(name: "", group: "meta.k8s.io", kind: "ListOptions"), [error])
    }
}
