import Synchronization

/// A command for the loop's thread.
enum LoopCommand {
    case start(Transfer)
    /// Cancels a transfer. Unknown ids are ignored: the transfer has ended.
    case cancel(UInt64)
    /// Resumes a paused transfer.
    case resume(UInt64)
}

/// The queue of commands for the loop's thread. Any thread posts; only the loop's thread takes.
final class LoopMailbox: Sendable {
    private struct State {
        var commands: [LoopCommand] = []
        var phase = Phase.open
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    private enum Phase {
        case open
        /// The loop fails what is in flight and then ends.
        case stopping
        /// The loop has ended.
        case stopped
    }

    private let state = Mutex(State())
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) {
        self.wakeUp = wakeUp
    }

    /// Posts a command. Returns false if the loop is stopping and will not execute it.
    func post(_ command: LoopCommand) -> Bool {
        let (isOpen, isFirst) = state.withLock { state in
            guard state.phase == .open else { return (false, false) }
            state.commands.append(command)
            return (true, state.commands.count == 1)
        }
        // Later commands need no wake-up: the loop takes all of them at once.
        if isFirst { wakeUp.signal() }
        return isOpen
    }

    func stop() {
        state.withLock { state in
            if state.phase == .open { state.phase = .stopping }
        }
        wakeUp.signal()
    }

    /// Waits until the loop has ended.
    func waitUntilStopped() async {
        await withCheckedContinuation { continuation in
            state.withLock { state in
                if state.phase == .stopped {
                    continuation.resume()
                } else {
                    state.stopWaiters.append(continuation)
                }
            }
        }
    }

    /// Takes all posted commands and whether to stop afterwards. Called on the loop's thread.
    func take() -> (commands: [LoopCommand], isStopping: Bool) {
        state.withLock { state in
            var commands: [LoopCommand] = []
            swap(&commands, &state.commands)
            return (commands, state.phase != .open)
        }
    }

    /// Marks the loop as stopped. Called on the loop's thread, last.
    func didStop() {
        let waiters = state.withLock { state in
            state.phase = .stopped
            defer { state.stopWaiters = [] }
            return state.stopWaiters
        }
        for waiter in waiters {
            waiter.resume()
        }
    }
}
