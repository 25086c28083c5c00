/// A config as the host wrote it.
struct ConfigText: Sendable, Hashable {
    let bytes: [UInt8]

    init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
    }

    func hash(into hasher: inout Hasher) {
        // At once: an array hashes its elements one by one.
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
