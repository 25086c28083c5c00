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
