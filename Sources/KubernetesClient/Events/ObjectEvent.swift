/// An event about an object for its users, as `kubectl describe` shows it.
package struct ObjectEvent: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let regarding: ObjectReference
    package let severity: Severity
    /// The reason: one CamelCase word, machine-readable.
    package let reason: String
    /// The action taken or attempted: one CamelCase word.
    package let action: String
    /// The message for users.
    package let note: String

    /// Creates an event. Texts over the limits of the API server are truncated.
    package init(regarding: ObjectReference, severity: Severity, reason: String, action: String, note: String) {
        self.regarding = regarding
        self.severity = severity
        self.reason = reason.cut(toBytes: KubernetesLimits.eventReasonBytes)
        self.action = action.cut(toBytes: KubernetesLimits.eventReasonBytes)
        self.note = note.cut(toBytes: KubernetesLimits.eventNoteBytes)
    }
}

extension String {
    /// Returns at most that many bytes of UTF-8, cut between characters, with an ellipsis if anything is missing.
    fileprivate func cut(toBytes limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let ellipsis = "…"
        var cut = ""
        var bytes = ellipsis.utf8.count
        for character in self {
            bytes += character.utf8.count
            if bytes > limit { break }
            cut.append(character)
        }
        return cut + ellipsis
    }
}
