import Glibc
import WireFormats

/// Standard input and output as lines of JSON. A broken pipe ends the process.
struct Wire {
    private var buffered: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 64 << 10)

    /// Returns the next line without its newline, or nil at the end of standard input.
    mutating func nextLine() -> [UInt8]? {
        while true {
            if let end = buffered.firstIndex(of: 0x0A) {
                defer { buffered.removeSubrange(...end) }
                return Array(buffered[..<end])
            }
            let count = read(0, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            buffered.append(contentsOf: chunk[..<count])
        }
    }

    func send(_ bytes: some Sequence<UInt8>, to descriptor: Int32 = 1) {
        let bytes = Array(bytes)
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent) }
            if count < 0, errno != EINTR { exit(1) }
            sent += max(0, count)
        }
    }

    func send(_ text: String, to descriptor: Int32 = 1) { send(text.utf8, to: descriptor) }

    func answer(_ id: JSON, result: JSON) { send(["jsonrpc": "2.0", "id": id, "result": result]) }

    func fail(_ id: JSON, code: Int64, _ message: String, path: String? = nil) {
        var error: [String: JSON] = ["code": .integer(code), "message": .string(message)]
        if let path { error["data"] = ["path": .string(path)] }
        send(["jsonrpc": "2.0", "id": id, "error": .object(error)])
    }

    private func send(_ message: JSON) { send(message.encoded() + [0x0A]) }
}
