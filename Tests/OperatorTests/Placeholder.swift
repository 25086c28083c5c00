import Testing

@Suite struct OperatorTestsPlaceholder {}
