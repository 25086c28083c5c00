import SystemIO

extension Alarm {
    /// Waits until it rings, that much time has elapsed (nil: never) or the task is cancelled. One waiter at a time.
    func wait(until due: Duration?, time: OperatorTime) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            if let due { group.addTask { try? await time.sleepUntil(due) } }
            await group.next()
            group.cancelAll()
        }
    }
}

extension Gate {
    /// Waits until it is open, the time has passed or the task is cancelled.
    func wait(for duration: Duration, time: OperatorTime) async {
        guard !isOpen else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait() }
            group.addTask { try? await time.sleep(duration) }
            await group.next()
            group.cancelAll()
        }
    }
}
