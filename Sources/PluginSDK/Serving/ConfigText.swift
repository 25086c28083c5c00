/// The bytes of a config as the host wrote them.
struct ConfigText: Sendable, Hashable {
    let bytes: [UInt8]

    init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
    }

    func hash(into hasher: inout Hasher) {
        // Hashes all bytes at once: an array would hash its elements one by one.
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
