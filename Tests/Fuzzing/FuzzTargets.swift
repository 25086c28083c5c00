extension FuzzTarget {
    /// All targets, with unique names.
    package static let all: [FuzzTarget] = [
        .json, .rfc3339, .yaml,
        .pluginAnswers, .pluginRequests, .pluginLog, .secretRedactor, .markedFields, .pluginManifest, .addresses,
        .responseHead, .listPage, .watchFrames, .apiObjects, .apiErrors, .kubeconfig,
        .generalScaler, .decisionRequest, .formula, .admissionReview,
        .pluginConfigs, .prometheusAnswers, .monitoringAnswers, .googleCredentials, .redisReplies,
        .externalScalerAnswers,
        .httpAnswers, .jsonPathQueries, .kubernetesQuantities, .kubernetesAnswers,
        .traceCSV, .traceJSON,
    ]

    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}
