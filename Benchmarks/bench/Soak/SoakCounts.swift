import WireFormats

/// What a soak counts.
struct SoakCounts {
    var kills = 0
    var faults = 0
    var edits = 0
    var replaced = 0
    /// Scale operations that the API server carried out.
    var patches = 0
    /// Statuses and events that it stored.
    var otherWrites = 0
    /// Requests that it answered with an error.
    var refused = 0
    /// In the operator's log.
    var errors = 0
    var warnings = 0

    var json: JSON {
        .object(
            [
                "kills": kills, "faults": faults, "edits": edits, "replaced": replaced, "patches": patches,
                "otherWrites": otherWrites, "refused": refused, "errors": errors, "warnings": warnings,
            ].mapValues { .integer(Int64($0)) })
    }
}
