import FoundationEssentials

/// The directory of this executable, with links resolved. Plugins and sample apps are built next to it.
package enum ProgramDirectory {
    package static var path: String {
        let program =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])
    }
}
