import Glibc
import TestSupport

@testable import PluginHost

/// A temporary directory.
struct TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/plugin-host-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    init(existing path: String) {
        self.path = path
    }

    func rename(_ name: String, to newName: String) throws {
        guard Glibc.rename("\(path)/\(name)", "\(path)/\(newName)") == 0 else { throw SystemError("rename") }
    }

    func write(_ text: String, to name: String, executable: Bool = false) throws {
        guard !executable else { return try ExecutableFile.write(text, to: "\(path)/\(name)") }
        guard let file = fopen("\(path)/\(name)", "we") else { throw SystemError("fopen") }
        fputs(text, file)
        fclose(file)
    }

    func makeDirectory(_ name: String) throws {
        guard mkdir("\(path)/\(name)", 0o755) == 0 else { throw SystemError("mkdir") }
    }

    func remove() { Self.remove(path) }

    private static func remove(_ path: String) {
        for name in entries(of: path) where unlink("\(path)/\(name)") != 0 { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func entries(of path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
