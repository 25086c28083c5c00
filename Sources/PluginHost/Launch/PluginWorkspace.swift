import CLinux
import Crypto
import Glibc

/// The private files of one plugin process: an empty temporary directory and, if its program is pinned,
/// the copy that is run.
struct PluginWorkspace: Sendable {
    private static let copyChunkBytes = 1 << 20

    let root: String
    /// The plugin's TMPDIR and working directory.
    var temporary: String { "\(root)/tmp" }
    /// The path of a pinned program's copy; the plugin cannot write there.
    private var programs: String { "\(root)/bin" }

    /// - Parameter parent: an existing directory.
    init(of plugin: String, in parent: String) throws(LaunchProblem) {
        // A name in the manifest may contain any character.
        let name = String(plugin.prefix(64).map { $0.isLetter || $0.isNumber || $0 == "-" ? $0 : "_" })
        var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw LaunchProblem(
                "no temporary directory can be created in \(parent): \(String(cString: strerror(errno))). "
                    + "Make it writable, or set TMPDIR of the operator to a writable directory")
        }
        root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        guard mkdir(temporary, 0o700) == 0 else {
            throw LaunchProblem("\(temporary): \(String(cString: strerror(errno)))")
        }
    }

    /// Copies the program and verifies the copied bytes, so that exactly the verified bytes run.
    ///
    /// - Parameter sha256: the expected hash in lower-case hexadecimal.
    /// - Returns: the path of the copy.
    func pin(_ program: String, sha256: String) throws(LaunchProblem) -> String {
        let copy = "\(programs)/\(ProgramFile.name(of: program))"
        guard mkdir(programs, 0o700) == 0 else {
            throw LaunchProblem("\(programs): \(String(cString: strerror(errno)))")
        }
        let found: String
        do throws(SystemError) {
            found = try Self.copy(program, to: copy)
        } catch {
            throw LaunchProblem("its pinned copy cannot be created: \(error)")
        }
        guard found == sha256 else {
            throw LaunchProblem(
                "its SHA-256 is \(found), and plugins.yaml pins \(sha256). If the file is correct, pin \(found)"
            )
        }
        guard !clinux_is_noexec(copy) else {
            throw LaunchProblem(
                "its pinned copy would run from \(root), whose file system is mounted noexec: set TMPDIR of the operator to "
                    + "a directory from which programs can be run, or remove sha256")
        }
        return copy
    }

    /// Removes everything, through descriptors and without following links.
    ///
    /// - Returns: the reason if it could not be removed.
    @concurrent
    func remove() async -> String? { RemovedTree.remove(root) }

    /// - Returns: the SHA-256 of the copied bytes.
    private static func copy(_ source: String, to target: String) throws(SystemError) -> String {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw SystemError("open \(source)") }
        defer { close(input) }
        let output = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o500)
        guard output >= 0 else { throw SystemError("open \(target)") }
        defer { close(output) }
        var hash = SHA256()
        var chunk = [UInt8](repeating: 0, count: copyChunkBytes)
        while true {
            let count = read(input, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("read \(source)") }
            guard count > 0 else { break }
            hash.update(data: chunk[..<count])
            var written = 0
            while written < count {
                let step = chunk.withUnsafeBytes { write(output, $0.baseAddress.map { $0 + written }, count - written) }
                guard step > 0 || errno == EINTR else { throw SystemError("write \(target)") }
                written += max(0, step)
            }
        }
        return hash.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
