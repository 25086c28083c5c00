/// Something worth telling the people who look at an object, as `kubectl describe` shows it.
package struct ObjectEvent: Sendable, Hashable {
    package enum Severity: String, Sendable, Hashable {
        case normal = "Normal"
        case warning = "Warning"
    }

    package let regarding: ObjectReference
    package let severity: Severity
    /// Why, in one CamelCase word that machines read.
    package let reason: String
    /// What was done or tried, in one CamelCase word.
    package let action: String
    /// For people.
    package let note: String

    /// Texts longer than the API server takes are cut.
    package init(regarding: ObjectReference, severity: Severity, reason: String, action: String, note: String) {
        self.regarding = regarding
        self.severity = severity
        self.reason = reason.cut(toBytes: KubernetesLimits.eventReasonBytes)
        self.action = action.cut(toBytes: KubernetesLimits.eventReasonBytes)
        self.note = note.cut(toBytes: KubernetesLimits.eventNoteBytes)
    }
}

extension String {
    /// At most that many bytes of UTF-8, cut between characters; if something is missing it ends in an ellipsis.
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
