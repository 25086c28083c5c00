import Testing

@Suite struct PrometheusPluginTestsPlaceholder {}
