#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The executables of this package, from the build that runs the tests.
package enum BuiltExecutable {
    /// Their directory, which is that of the tests' executable. A test target depends on the executables that it runs,
    /// so that they are up to date. `GENERALSCALER_TEST_PROGRAMS` names another build's directory: the address space of
    /// a sanitizer exceeds a plugin's limits.
    package static var directory: String {
        if let other = getenv("GENERALSCALER_TEST_PROGRAMS") { return String(cString: other) }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let tests = String(decoding: buffer[..<max(0, count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return tests.split(separator: "/").dropLast().map { "/\($0)" }.joined()
    }

    package static func path(_ name: String) -> String { "\(directory)/\(name)" }
}
