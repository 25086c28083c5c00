import ArgumentParser

/// `[NAMESPACE/NAME=]VALUE` on the command line: a value for one scaler, or for each scaler that no other value names.
struct PerScaler<Value: ExpressibleByArgument & Sendable>: ExpressibleByArgument, Sendable {
    /// The namespace and name; nil for all scalers.
    let scaler: String?
    let value: Value

    init?(argument: String) {
        var text = argument[...]
        // A metric's name has no slash, so that `requests=130` names a metric.
        if let equals = argument.firstIndex(of: "="), Self.isScaler(argument[..<equals]) {
            scaler = String(argument[..<equals])
            text = argument[argument.index(after: equals)...]
        } else {
            scaler = nil
        }
        guard let value = Value(argument: String(text)) else { return nil }
        self.value = value
    }

    private static func isScaler(_ text: Substring) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && parts.allSatisfy { !$0.isEmpty }
    }
}

extension Array {
    /// Returns the values for a scaler, those for all scalers first.
    func values<Value>(for scaler: String) -> [Value] where Element == PerScaler<Value> {
        filter { $0.scaler == nil }.map(\.value) + filter { $0.scaler == scaler }.map(\.value)
    }
}
