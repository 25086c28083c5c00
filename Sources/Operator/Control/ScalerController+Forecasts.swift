import KubernetesClient
import Logging
import PluginHost
import PluginProtocol
import ScalerAPI
import Scaling
import SystemIO

// The history that forecasts are made from, read after a start and a change of leader.
extension ScalerController {
    /// The maximum number of reads of history at a time.
    static let maxRebuilds = 2
    /// The minimum time between the starts of two of them: thousands of scalers begin together, and each read is of thousands
    /// of points, from which a forecaster learns for a tenth of a second.
    static let rebuildSpacing: Duration = .milliseconds(250)
    private static let historyTimeout: Duration = .seconds(60)
    private static let stepSeconds = 300

    /// Starts to read the history of a metric of the scaler, if one is missing and the pace allows. Called at each poll, which
    /// does not wait for it.
    func startRebuild(of key: ObjectKey, _ state: ScalerState, at now: Duration, in tasks: inout DiscardingTaskGroup) {
        guard rebuilds < Self.maxRebuilds, now >= nextRebuild, case .success(let spec) = state.spec,
            spec.forecast != nil, let resolution = state.resolution,
            let request = state.forecasts.nextRequest(spec, resolution, at: now)
        else { return }
        rebuilds += 1
        nextRebuild = now + Self.rebuildSpacing
        let (identity, generation) = (state.identity, state.generation)
        tasks.addTask {
            let result = await self.history(of: request)
            await self.finish(request, result, key, identity, generation)
        }
    }

    @concurrent
    private nonisolated func history(of request: ForecastState.Request) async -> Result<LoadForecaster, PluginFailure> {
        let end = dependencies.time.now()
        let step = Int64(Self.stepSeconds) * 1_000_000
        let last = end.microsecondsSince1970 - step
        let first = last - Int64(request.historyDays * 86_400) * 1_000_000
        guard
            let window = RangeWindow(
                fromMicroseconds: first, toMicroseconds: last, stepSeconds: Self.stepSeconds)
        else { return .success(LoadForecaster(request.settings)) }
        do throws(PluginFailure) {
            let range = try await dependencies.source.readRange(
                type: request.query.type, config: request.query.config, targetType: request.query.targetType,
                window: window, timeout: Self.historyTimeout)
            let samples = zip(window.times, range.values(in: window)).compactMap { time, value in
                value.map { (time: Timestamp(microsecondsSince1970: time), value: $0) }
            }
            return .success(LoadForecaster(request.settings, history: samples))
        } catch {
            guard case .answered(let answer) = error.kind, answer.kind == .noData else { return .failure(error) }
            return .success(LoadForecaster(request.settings))
        }
    }

    private func finish(
        _ request: ForecastState.Request, _ result: Result<LoadForecaster, PluginFailure>, _ key: ObjectKey,
        _ identity: ObjectIdentity, _ generation: Int
    ) {
        rebuilds -= 1
        wakeUp.signal()
        guard let state = states[key], state.identity == identity else { return }
        guard state.generation == generation else { return state.forecasts.abandon() }
        let now = dependencies.time.elapsed()
        switch result {
        case .success(let forecaster): state.forecasts.finish(request, forecaster, failure: nil, at: now)
        case .failure(let failure):
            state.forecasts.finish(request, nil, failure: failure, at: now)
            dependencies.logger.info(
                "history of a metric could not be read; its forecast learns from the readings alone",
                metadata: identity.metadata(["metric": "\(request.metric.name)", "error": "\(failure.message)"]))
        }
    }
}
