package import WireFormats

/// The reason why a what-if question has no answer, with the fix.
package struct WhatIfProblem: Error, Sendable, CustomStringConvertible {
    /// A problem at one place of the edited text.
    package struct Place: Sendable, Hashable {
        package let path: String
        /// From 1; nil if the spec is not a text.
        package let line: Int?
        package let message: String
    }

    package let message: String
    package var places: [Place] = []

    package init(_ message: String, places: [Place] = []) {
        self.message = message
        self.places = places
    }

    package var description: String {
        ([message] + places.map { "\($0.path): \($0.message)" }).joined(separator: "; ")
    }

    package var json: JSON {
        [
            "error": .string(message),
            "problems": .array(
                places.map { place in
                    [
                        "path": .string(place.path), "line": place.line.map { .integer(Int64($0)) } ?? .null,
                        "message": .string(place.message),
                    ]
                }),
        ]
    }
}
