/// The kernel has no process descriptors, which are required to distinguish a process from a later one with the same
/// id.
struct UnsupportedKernel: Error, CustomStringConvertible {
    var description: String { "the kernel is too old: Linux 5.4 or newer is needed" }
}
