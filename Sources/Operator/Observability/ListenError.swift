import Glibc
import NIOCore

/// An error with the reason why a server cannot listen on its address, and the fix.
package struct ListenError: Error, CustomStringConvertible {
    package let description: String

    /// - Parameters:
    ///   - error: the library's error.
    ///   - option: the command-line option with the address.
    /// - Returns: nil if the error has another cause.
    package init?(_ error: any Error, _ address: ListenAddress, option: String) {
        let cause: String
        switch error {
        case let error as IOError where error.errnoCode == EADDRINUSE:
            cause =
                "another process uses the port. Stop that process (ss -ltnp lists it), or choose another port; port 0 "
                + "selects a free port"
        case let error as IOError where error.errnoCode == EACCES:
            cause = "this process is not allowed to use the port. Choose port 1024 or higher"
        case let error as IOError where error.errnoCode == EADDRNOTAVAIL:
            cause = "this machine has no such address. Choose an address of this machine; 0.0.0.0 means all"
        case let error as IOError: cause = "\(String(cString: strerror(error.errnoCode)))"
        case is SocketAddressError.UnknownHost:
            cause = "the host has no address. Correct the name, or use an address of this machine"
        default: return nil
        }
        description = "\(option): cannot listen on \(address): \(cause)"
    }
}
