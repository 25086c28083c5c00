/// The kernel has no process descriptors, without which a process cannot be distinguished from a later one with the
/// same id.
struct UnsupportedKernel: Error, CustomStringConvertible {
    var description: String { "the kernel is too old: Linux 5.4 or newer is needed" }
}
