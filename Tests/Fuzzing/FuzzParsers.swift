#if FUZZING
    import Glibc

    /// The fuzzer: `fuzz-parsers TARGET [libFuzzer's arguments]`, or `fuzz-parsers` without arguments to list the
    /// targets.
    @main
    enum FuzzParsers {
        /// The variable with the target, for this process and those that libFuzzer starts.
        private static let variable = "GENERALSCALER_FUZZ_TARGET"

        static func main() {
            var arguments = CommandLine.arguments
            if arguments.count > 1, let target = FuzzTarget.named(arguments[1]) {
                setenv(variable, target.name, 1)
                arguments.remove(at: 1)
            }
            guard target != nil else {
                for target in FuzzTarget.all { print(target.name) }
                exit(arguments.count > 1 ? 2 : 0)
            }
            exit(fuzz(arguments))
        }

        fileprivate static let target = getenv(variable).flatMap { FuzzTarget.named(String(cString: $0)) }

        private static func fuzz(_ arguments: [String]) -> CInt {
            // Retained until the process ends.
            let texts = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: arguments.count + 1)
            for (index, argument) in arguments.enumerated() { texts[index] = strdup(argument) }
            texts[arguments.count] = nil
            var count = CInt(arguments.count)
            var pointer = texts
            return runFuzzer(&count, &pointer) { bytes, count in
                FuzzParsers.runOne(UnsafeBufferPointer(start: bytes, count: count))
                return 0
            }
        }

        private static func runOne(_ bytes: UnsafeBufferPointer<UInt8>) {
            do throws(FuzzFinding) {
                try target?.run(Array(bytes))
            } catch {
                fatalError("\(error)")
            }
        }
    }

    /// libFuzzer's entry point: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
    @_silgen_name("LLVMFuzzerRunDriver")
    private func runFuzzer(
        _ argumentCount: UnsafeMutablePointer<CInt>,
        _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
        _ runOne: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
    ) -> CInt
#endif
