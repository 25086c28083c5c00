#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The executables of this package, as the build that runs the tests made them.
package enum BuiltExecutable {
    /// Where they are: beside the tests' own executable. A test target depends on those it runs, so that they are
    /// up to date. `GENERALSCALER_TEST_PROGRAMS` names another build's: the address space of a sanitizer does not fit
    /// into a plugin's limits.
    package static var directory: String {
        if let other = getenv("GENERALSCALER_TEST_PROGRAMS") { return String(cString: other) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let tests = String(decoding: buffer[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return tests.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }

    package static func path(_ name: String) -> String { "\(directory)/\(name)" }
}
