import Glibc
import PluginProtocol
import SystemIO

/// Reactions to the pipes, to the connection and to time.
extension PluginSession {
    func outputReady() {
        switch pipes?.read(.output) {
        case .bytes(let count): perform(connection.receive(chunk(count), now: now))
        case .end:
            // Usually the process is about to exit, and its exit status is more specific.
            outputEndedAt = now
            scheduleWakeUp()
        case .nothingYet, nil: break
        }
    }

    func errorsReady() {
        guard case .bytes(let count)? = pipes?.read(.errors) else { return }
        log(logs.receive(chunk(count), now: now))
        guard !errorBytes.take(count, now: now) else { return }
        pipes?.pause(.errors)
        errorsPausedUntil = now + errorBytes.wait
        scheduleWakeUp()
    }

    private func resumeErrors() {
        guard let until = errorsPausedUntil, now >= until else { return }
        errorsPausedUntil = nil
        // The descriptor was watched before. If the system is out of memory, the plugin blocks and is ended for that.
        try? pipes?.watch(.errors) { self.assumeIsolated { $0.errorsReady() } }
    }

    /// Returns the bytes last read. Valid until the next read on this loop.
    func chunk(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: loop.readBuffer[..<count])
    }

    func perform(_ actions: [PluginConnection.Action]) {
        for action in actions {
            switch action {
            case .write(let bytes):
                pipes?.queue(bytes)
                scheduleFlush()
            case .complete(let id, let result):
                complete(id, result)
            case .handshakeCompleted(let initialized):
                upSince = now
                logs.learn(initialized.metricTypes)
                self.initialized = initialized
                onHandshake(initialized)
                wakeOfferWaiters()
                if purpose.isOneshot { expectExit() }
            case .giveUp(let failure):
                verdict = failure
                beginStop(isGraceful: false)
            case .endInput(let failure):
                verdict = failure
                expectExit()
            case .log(let note):
                log(logs.admit(note, now: now))
            case .pushed(let readings):
                onPush(self, .readings(readings.map(shown)))
            case .subscriptionEnded(let end):
                subscribed[end.subscription] = nil
                onPush(
                    self, .ended(SubscriptionEnd(subscription: end.subscription, message: logs.cleared(end.message))))
            }
        }
        stopIfIdle()
        scheduleWakeUp()
    }

    private func complete(_ id: Int64, _ result: Result<PluginAnswer, PluginFailure>) {
        guard let caller = callers.removeValue(forKey: id) else { return }
        if case .success(.subscribed(let subscription)) = result { subscribed[subscription] = caller.subject }
        let (shown, notes) = logs.shown(result, of: caller.subject, plugin: program.name, now: now)
        log(notes)
        caller.continuation.resume(returning: shown)
    }

    /// Returns a pushed reading with redacted texts; without its detail if the subscription has ended.
    private func shown(_ pushed: PushedReading) -> PushedReading {
        var pushed = pushed
        if let subject = subscribed[pushed.subscription] {
            pushed.reading = logs.texts(of: subject, plugin: program.name).shown(pushed.reading)
        } else {
            pushed.reading.detail = nil
            pushed.reading.unit = nil
        }
        return pushed
    }

    func log(_ notes: [PluginNote]) {
        for note in notes { dependencies.logs.log(.init(plugin: program.name, process: process, note: note)) }
    }

    /// Schedules a write after the queued jobs, so that calls made together share a system call; earlier if there are
    /// many bytes, so that the plugin can start.
    private func scheduleFlush() {
        if let pipes, pipes.unwrittenBytes >= PluginHostLimits.bytesWrittenEarly, !isFlushing { return flush() }
        guard !isFlushDue else { return }
        isFlushDue = true
        loop.execute { self.assumeIsolated { $0.flush() } }
    }

    private func flush() {
        isFlushDue = false
        guard let pipes else { return }
        isFlushing = true
        defer { isFlushing = false }
        let count = pipes.flush { self.assumeIsolated { $0.flush() } }
        if closesInputWhenWritten, !pipes.hasUnwritten { pipes.closeInput() }
        if count > 0 { perform(connection.wrote(count, now: now)) }
    }

    // MARK: Time

    func beginStop(isGraceful: Bool) {
        guard stopSequence == nil else { return }
        stopSequence = StopSequence(isGraceful: isGraceful, now: now)
        if !isGraceful { pipes?.closeInput() }
        scheduleWakeUp()
    }

    private var nextWake: Duration? {
        guard stopSequence != nil || outputEndedAt != nil || errorsPausedUntil != nil else {
            return connection.nextWake
        }
        let outputGrace = outputEndedAt.map { $0 + PluginHostLimits.outputEndGrace }
        return [connection.nextWake, stopSequence?.nextWake, outputGrace, errorsPausedUntil].compactMap { $0 }.min()
    }

    /// Schedules a wake-up at the next relevant time. Unneeded wake-ups are harmless, so that calls that end early cost
    /// nothing.
    func scheduleWakeUp() {
        guard isAttending, let wake = nextWake else { return }
        if let wakeUp {
            guard wake < wakeUp.at else { return }
            wakeUp.task.cancel()
        }
        // Ends by itself or is cancelled, here or in run(), which awaits it.
        let task = Task {
            do { try await dependencies.time.sleepUntil(wake) } catch { return }
            wokeUp()
        }
        wakeUp = (wake, task)
    }

    private func wokeUp() {
        wakeUp = nil
        resumeErrors()
        // Bytes that are in the pipe now arrived in time: this thread may have been delayed.
        if pipes?.isOpen(.output) == true { outputReady() }
        let now = now
        while isAttending, let step = stopSequence?.next(now: now) {
            kill(-process, step == .terminate ? SIGTERM : SIGKILL)
        }
        if let ended = outputEndedAt, now >= ended + PluginHostLimits.outputEndGrace {
            outputEndedAt = nil
            perform(connection.outputClosed())
        }
        perform(connection.tick(now: now))
    }
}
