import PluginSDK
import SourceSupport

/// Readings that an external scaler causes by saying that its activity changed.
struct ActivityWatch: Sendable {
    let reader: ScalerReader
    let streams: ScalerChannel

    /// Returns the present reading and one after each message of the scaler, until its stream ends.
    ///
    /// - Throws: ``PluginError``: there is no free stream, or no present reading.
    func readings(until deadline: ContinuousClock.Instant) async throws -> AsyncThrowingStream<MetricReading, any Error>
    {
        let (readings, output) = AsyncThrowingStream<MetricReading, any Error>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let slot = try streams.slots.take { output.finish(throwing: $0) }
        // Ends with the stream of readings. The stream is opened first, so that no change is missed.
        let task = Task {
            defer { streams.slots.giveBack(slot) }
            do {
                try await forward(to: output)
            } catch {
                output.finish(throwing: error)
            }
        }
        output.onTermination = { _ in task.cancel() }
        do {
            output.yield(try await reader.reading(until: deadline))
        } catch {
            task.cancel()
            throw error
        }
        return readings
    }

    private enum Change: Sendable {
        case activity(Bool)
        /// Of the targets.
        case targets
    }

    /// - Throws: why the stream ended, in any case.
    private func forward(to output: AsyncThrowingStream<MetricReading, any Error>.Continuation) async throws {
        // Only the newest matters: a reading tells the rest.
        let (changes, input) = AsyncStream<Change>.makeStream(bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await streams.watch(.streamIsActive, reader.scaledObject) { (message: IsActiveResponse) in
                    input.yield(.activity(message.result))
                }
            }
            group.addTask { await watchTargets { input.yield(.targets) } }
            group.addTask {
                for await change in changes {
                    let isActive: Bool? = if case .activity(let isActive) = change { isActive } else { nil }
                    // The next poll reports what is wrong.
                    guard
                        let reading = try? await reader.reading(
                            isActive: isActive, until: .now + KedaLimits.pushedReadTime)
                    else { continue }
                    output.yield(reading)
                }
            }
            defer { group.cancelAll() }
            for try await _ in group {}
        }
    }

    /// Few scalers report changes of their targets. Those that do not leave this stream without effect, as every poll reads
    /// the targets.
    private func watchTargets(_ onChange: @escaping @Sendable () -> Void) async {
        guard let slot = try? streams.slots.take(share: KedaLimits.specStreamShare, { _ in }) else { return }
        defer { streams.slots.giveBack(slot) }
        do {
            try await streams.watch(.streamMetricSpec, reader.scaledObject) { (_: GetMetricSpecResponse) in onChange() }
        } catch {}
    }
}
