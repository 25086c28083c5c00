package import Scaling
package import SystemIO

extension TimeSource {
    /// Returns the time of day.
    package func now() -> Timestamp { Timestamp(microsecondsSince1970: wallMicroseconds()) }
}

extension AsyncSignal {
    /// Waits until the signal is set, the time has been reached (nil: never) or the task is cancelled. One waiter at a
    /// time.
    func wait(until due: Duration?, time: TimeSource) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            if let due { group.addTask { try? await time.sleepUntil(due) } }
            await group.next()
            group.cancelAll()
        }
    }
}

extension AsyncLatch {
    /// Waits until the latch opens, the time has passed or the task is cancelled.
    func wait(for duration: Duration, time: TimeSource) async {
        guard !isOpen else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await time.sleep(duration) }
            await group.next()
            group.cancelAll()
        }
    }
}
