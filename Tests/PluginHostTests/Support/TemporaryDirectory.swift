import Glibc

@testable import PluginHost

/// A directory of a test's own.
struct TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/plugin-host-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    func write(_ text: String, to name: String, executable: Bool = false) throws {
        guard let file = fopen("\(path)/\(name)", "we") else { throw SystemError("fopen") }
        fputs(text, file)
        fclose(file)
        chmod("\(path)/\(name)", executable ? 0o755 : 0o644)
    }

    func remove() {
        guard let stream = opendir(path) else { return }
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            unlink("\(path)/\(name)")
        }
        closedir(stream)
        rmdir(path)
    }
}
