/// The user of a request.
struct User: Sendable, Hashable {
    var name: String
    var groups: [String]

    static let administrator = User(name: "admin", groups: ["system:masters", "system:authenticated"])
    static let anonymous = User(name: "system:anonymous", groups: ["system:unauthenticated"])

    static func serviceAccount(namespace: String, name: String) -> User {
        User(
            name: "system:serviceaccount:\(namespace):\(name)",
            groups: ["system:serviceaccounts", "system:serviceaccounts:\(namespace)", "system:authenticated"])
    }

    var isAdministrator: Bool { groups.contains("system:masters") }
    var isAuthenticated: Bool { groups.contains("system:authenticated") }
}
