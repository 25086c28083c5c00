import WireFormats

/// Counters of a soak test.
struct SoakCounts {
    var kills = 0
    var faults = 0
    var edits = 0
    var replaced = 0
    /// Scale operations that the API server accepted.
    var patches = 0
    /// Stored statuses and events.
    var otherWrites = 0
    /// Requests that were answered with an error.
    var refused = 0
    /// Errors in the operator's log.
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
