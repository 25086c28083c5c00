import Logging
import ServiceLifecycle
import UnixSignals

/// Groups of services on this machine.
enum LocalServices {
    private static let maximumShutdown: Duration = .seconds(5)

    /// - Parameter endsWithFirst: the services end with the first of them, or with SIGINT or SIGTERM.
    static func group(_ services: [any Service], endsWithFirst: Bool, logger: Logger) -> ServiceGroup {
        var configuration = ServiceGroupConfiguration(
            services: services.map { service in
                .init(
                    service: service,
                    successTerminationBehavior: endsWithFirst ? .gracefullyShutdownGroup : .ignore,
                    // By type: the default name contains the values of all properties, such as a config with secrets.
                    serviceName: "\(type(of: service))"
                )
            },
            gracefulShutdownSignals: endsWithFirst ? [.sigint, .sigterm] : [],
            logger: logger
        )
        configuration.maximumGracefulShutdownDuration = maximumShutdown
        return ServiceGroup(configuration: configuration)
    }

    /// Runs services for as long as a body that needs them.
    static func with<Outcome: Sendable>(
        _ services: [any Service], logger: Logger, _ body: @escaping @Sendable () async throws -> Outcome
    ) async throws -> Outcome {
        let infrastructure = group(services, endsWithFirst: false, logger: logger)
        return try await withThrowingTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                try await infrastructure.run()
                return nil
            }
            group.addTask { try await body() }
            var outcome: Outcome?
            // The infrastructure ends first only by failing, which throws here and takes the rest down.
            while let result = try await group.next() {
                guard let result else { continue }
                outcome = result
                await infrastructure.triggerGracefulShutdown()
            }
            guard let outcome else { throw DemoError("the simulated cluster or a server ended too early") }
            return outcome
        }
    }
}
