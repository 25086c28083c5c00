import Synchronization
import SystemIO

/// Detects a dead connection by its silence.
final class SilenceWatchdog: Sendable {
    private let heard = Atomic<Int>(0)

    @Sendable func hear() { heard.wrappingAdd(1, ordering: .relaxed) }

    /// Cancels if nothing arrived for ``KubernetesLimits/watchSilence``. Returns afterwards, or once the task is
    /// cancelled.
    func watch(_ time: TimeSource, cancel: @Sendable () -> Void) async {
        var last = heard.load(ordering: .relaxed)
        while (try? await time.sleep(KubernetesLimits.watchSilence)) != nil {
            let current = heard.load(ordering: .relaxed)
            guard current != last else { return cancel() }
            last = current
        }
    }
}
