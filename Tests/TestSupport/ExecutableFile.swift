import CLinux
import Glibc

/// Programs that a test writes and then runs.
///
/// Linux does not run a file that a process has open for writing ("Text file busy"). If a test process writes its
/// programs itself, a concurrent test may start a child at that moment, which holds a copy of the descriptor until its
/// exec. Neither closing on exec nor a rename avoids this. The file is therefore written by `install`, a separate
/// process that starts no others, so that no child of this process can hold the descriptor.
package enum ExecutableFile {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    private static let writer = "/usr/bin/install"

    /// Writes an executable file, and replaces an existing one.
    package static func write(_ text: String, to path: String) throws(Failure) {
        var template = Array("/tmp/generalscaler-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure("mkstemp", errno) }
        let draft = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(draft) }
        let bytes = Array(text.utf8)
        let written = Glibc.write(descriptor, bytes, bytes.count)
        close(descriptor)
        guard written == bytes.count else { throw failure("writing \(draft)", errno) }
        try run([writer, "-m", "755", draft, path])
    }

    private static func run(_ words: [String]) throws(Failure) {
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw failure("opening /dev/null", errno) }
        defer { close(null) }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var environment: [UnsafeMutablePointer<CChar>?] = [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let code = clinux_spawn(&process, words[0], &arguments, &environment, null, null, STDERR_FILENO)
        guard code == 0 else { throw failure(words[0], code) }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw failure("waiting for \(words[0])", errno) }
        }
        guard status == 0 else {
            throw Failure(description: "\(words.joined(separator: " ")) ended with status \(status)")
        }
    }

    private static func failure(_ what: String, _ code: Int32) -> Failure {
        Failure(description: "\(what): \(String(cString: strerror(code)))")
    }
}
