import CCurl
import Glibc
import SystemIO

/// The check of the addresses that one libcurl handle connects to. Used by the handle's thread.
final class PeerCheck {
    private let rule: PeerRule
    /// The reason for the last refusal.
    private(set) var objection: String?

    init(_ rule: PeerRule) {
        self.rule = rule
    }

    func permits(_ socket: UnsafePointer<sockaddr>) -> Bool {
        if Int32(socket.pointee.sa_family) == AF_UNIX { return true }
        objection =
            IPAddress(of: socket).map(rule.objection) ?? "its address is of a family other than IPv4 and IPv6"
        return objection == nil
    }
}
