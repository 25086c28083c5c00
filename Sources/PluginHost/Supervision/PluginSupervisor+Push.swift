import Logging
import PluginProtocol
import SystemIO

// Subscriptions. Without the capability, none of this has a cost.
extension PluginSupervisor {
    func subscribe(_ id: Int64, _ subscription: SubscriptionTable.SubscriptionRequest) {
        subscriptions.add(id, subscription, now: dependencies.time.elapsed())
        subscriptionSignal.signal()
    }

    /// Replaces the config of a subscription.
    ///
    /// - Parameter isRenewal: whether it differs from an earlier one in secrets alone.
    func renew(
        _ id: Int64, _ subscription: SubscriptionTable.SubscriptionRequest, isRenewal: (_ old: PluginConfig) -> Bool
    ) {
        let ended = subscriptions.renew(id, subscription, isRenewal: isRenewal, now: dependencies.time.elapsed())
        if let ended { notifyUnsubscribed(ended) }
        subscriptionSignal.signal()
    }

    func unsubscribe(_ id: Int64) {
        guard let subscription = subscriptions.remove(id) else { return }
        notifyUnsubscribed(subscription)
    }

    /// Renews the subscriptions after the handshake of a new process or version.
    func beginSubscriptions(_ capabilities: PluginCapabilities) {
        loggedRefusals = []
        guard capabilities.subscribe, program.mode == .serve else { return subscriptions.end() }
        subscriptions.begin(now: dependencies.time.elapsed())
        subscriptionSignal.signal()
    }

    /// Sends due subscriptions, and retries refused or ended ones, until the task is cancelled.
    func keepSubscribed() async {
        await withDiscardingTaskGroup { group in
            var timer: Duration?
            for await _ in subscriptionSignal.signals {
                let now = dependencies.time.elapsed()
                while let request = subscriptions.nextRequest(now: now) {
                    group.addTask { await self.subscribe(request) }
                }
                guard let wake = subscriptions.nextWake else { continue }
                // An unneeded signal is harmless.
                if let timer, timer > now, timer <= wake { continue }
                timer = wake
                group.addTask {
                    try? await self.dependencies.time.sleepUntil(wake)
                    self.subscriptionSignal.signal()
                }
            }
            group.cancelAll()
        }
    }

    private func subscribe(_ request: SubscriptionTable.Request) async {
        let wanted = request.subscription
        let result = await call(
            .subscribe(type: wanted.type, config: wanted.config.json, targetType: wanted.targetType),
            about: CallSubject(type: wanted.type, config: wanted.config),
            timeout: PluginHostLimits.subscribeTimeout)
        let now = dependencies.time.elapsed()
        switch result {
        case .success(.subscribed(let subscription)):
            switch subscriptions.agreed(request, to: subscription, now: now) {
            case .unwanted: notifyUnsubscribed(subscription)
            case .delivers(let reading): wanted.deliver(reading)
            case .nothing: break
            }
        case .success: preconditionFailure("PluginConnection answers subscribe with a subscription")
        case .failure(let failure):
            subscriptions.failed(request, canSucceedSoon: failure.isRetryable, now: now)
            if loggedRefusals.insert(failure.reason).inserted {
                logger.notice(
                    "plugin cannot push a config; polling only",
                    metadata: ["type": "\(wanted.type)", "reason": "\(failure.logText)"])
            }
        }
        subscriptionSignal.signal()
    }

    private func notifyUnsubscribed(_ subscription: Int64) {
        current?.assumeIsolated { $0.unsubscribe(subscription) }
    }

    /// Handles a push event. Ignores those of a version that is retired or on trial.
    func take(_ event: PushEvent, from session: PluginSession) {
        guard session === current else { return }
        switch event {
        case .readings(let readings):
            for pushed in readings { subscriptions.take(pushed)?.deliver(pushed.reading) }
        case .ended(let end):
            logger.debug("plugin ended a subscription", metadata: ["reason": "\(end.message)"])
            subscriptions.ended(end.subscription, now: dependencies.time.elapsed())
            subscriptionSignal.signal()
        }
    }
}

extension PluginFailure {
    /// Whether the same call may succeed soon.
    fileprivate var isRetryable: Bool {
        switch kind {
        case .answered(let error): error.kind.isRetryable
        case .notRunning, .crashed, .deadlineExceeded, .busy, .cancelled: true
        case .unknownType, .protocolViolation, .notSupported, .addressRefused, .requestTooLarge, .quarantined: false
        }
    }
}
