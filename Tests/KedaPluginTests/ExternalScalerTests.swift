import PluginSDK
import TestSupport
import Testing
import WireFormats

@testable import generalscaler_plugin_keda

/// Readings of a scaler in Python.
@Suite("readings of an external scaler", .timeLimit(.minutes(3)), .serialized)
struct ExternalScalerTests {
    @Test("the value is the metric divided by its own target, with the scaler's activity")
    func value() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            let idle = try await plugin.value(scaler.fields())
            #expect(idle.value == 0 && idle.isActive == false && !idle.isAssumed)
            let busy = try await plugin.value(scaler.fields(ExternalScaler.setting(["value": 12, "active": true])))
            #expect(busy.value == 2.4 && busy.isActive == true)
            #expect(busy.detail == "queueLength is 12 against a target of 5")
            // The scaler decides about its activity, regardless of the value.
            let odd = try await plugin.value(scaler.fields(ExternalScaler.setting(["value": 12, "active": false])))
            #expect(odd.value == 2.4 && odd.isActive == false)
        }
    }

    @Test(
        "whole numbers and floating-point numbers are read, and the highest of several metrics counts",
        arguments: [
            ([["name": "a", "target": 1_000_000_007, "value": -3]], -3 / 1_000_000_007, nil),
            ([["name": "a", "targetFloat": 0.1, "valueFloat": 0.30000000000000004]], 3.0000000000000004, nil),
            ([["name": "a", "target": 3, "targetFloat": 0.5, "value": 2, "valueFloat": 2.25]], 4.5, nil),
            (
                [["name": "a", "target": 10, "value": 30], ["name": "b", "target": 2, "value": 7]], 3.5,
                "the highest of 2 metrics: b is 7 against a target of 2"
            ),
            ([["name": "", "target": 4, "value": 9_007_199_254_740_993]], 2_251_799_813_685_248, nil),
            ([["name": "a", "target": 4, "value": 1, "answeredName": "s0-a"]], 0.25, nil),
        ] as [(JSON, Double, String?)])
    func numbers(metrics: JSON, value: Double, detail: String?) async throws {
        try await ExternalScaler.run { scaler in
            let reading = try await KedaPlugin().value(scaler.fields(ExternalScaler.metrics(metrics)))
            #expect(reading.value == value)
            if let detail { #expect(reading.detail == detail) }
        }
    }

    @Test("the scaler gets the name, the namespace and all metadata, as Google's library reads them")
    func request() async throws {
        try await ExternalScaler.run { scaler in
            let metadata: JSON = [
                "metrics": .string("\([["name": "echo", "target": 1, "value": 1]] as JSON)"), "queue": "größe 😀",
                "empty": "",
                "long": .string(String(repeating: "x", count: 20_000)),
            ]
            let fields = scaler.fields(metadata, name: "billing-7", #", "secretMetadata": {"key": "s3cret"}"#)
            #expect(try await KedaPlugin().value(fields).value == 1)
            let line = try await scaler.process.outputLine { $0.hasPrefix("shop/") }
            let entries =
                "empty=,key=s3cret,long=\(String(repeating: "x", count: 20_000)),queue=größe 😀,scalerAddress=\(scaler.address)"
            #expect(line == "shop/billing-7 \(entries)")
        }
    }

    private static let statuses: [(fault: String, kind: PluginError.Kind, text: String)] = [
        ("IsActive=UNAVAILABLE", .sourceUnreachable, "IsActive"),
        ("GetMetrics=INTERNAL", .sourceUnreachable, "GetMetrics"),
        ("IsActive=UNIMPLEMENTED", .notFound, "does not implement IsActive"),
        ("GetMetricSpec=INVALID_ARGUMENT", .configInvalid, "metadata"), ("GetMetrics=NOT_FOUND", .notFound, "metadata"),
        ("IsActive=PERMISSION_DENIED", .authFailed, "permissionDenied"),
        ("IsActive=UNAUTHENTICATED", .authFailed, "unauthenticated"),
        ("IsActive=CANCELLED", .sourceUnreachable, "cancelled"),
        ("GetMetrics=RESOURCE_EXHAUSTED", .sourceUnreachable, "resourceExhausted"),
        ("IsActive=crash", .sourceUnreachable, "the scaler has a bug"),
        ("IsActive=garbage", .sourceUnreachable, "malformed"),
        ("GetMetricSpec=truncated", .sourceUnreachable, "malformed"),
        ("GetMetricSpec=not-utf8", .sourceUnreachable, "not UTF-8"),
        ("GetMetrics=group", .sourceUnreachable, "malformed"),
        ("GetMetrics=field-zero", .sourceUnreachable, "malformed"),
        ("GetMetrics=large", .sourceUnreachable, "GetMetrics"),
    ]

    @Test("a failure of any of the requests is a failure of the reading, of a kind that names the fix")
    func failures() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            for (fault, kind, text) in Self.statuses {
                let error = try await plugin.failure(scaler.fields(["fault": .string(fault)]))
                #expect(error?.kind == kind && error?.message.contains(text) == true, "\(fault): \(error as Any)")
            }
            // The connection is still of use.
            #expect(try await plugin.value(scaler.fields()).value == 0)
            #expect(plugin.channelCount == 1)
        }
    }

    private static let metricFaults: [(metrics: JSON, kind: PluginError.Kind, text: String)] = [
        ([], .noData, "has no metric"), ([["name": "a", "target": 0, "value": 1]], .sourceUnreachable, "the target 0"),
        ([["name": "a", "target": -5, "value": 1]], .sourceUnreachable, "the target -5"),
        ([["name": "a", "targetFloat": "nan", "value": 1]], .sourceUnreachable, "the target nan"),
        ([["name": "a", "targetFloat": "inf", "value": 1]], .sourceUnreachable, "the target inf"),
        ([["name": "a", "target": 1, "valueFloat": "nan"]], .noData, "not a finite number"),
        ([["name": "a", "target": 1, "valueFloat": "-inf"]], .noData, "not a finite number"),
        ([["name": "a", "targetFloat": 1e-300, "valueFloat": 1e300]], .noData, "not a finite number"),
        ([["name": "a", "target": 1, "answered": false]], .noData, "an empty list"),
        (
            [["name": "a", "target": 1, "value": 1], ["name": "b", "target": 0, "value": 1]], .sourceUnreachable,
            "the metric \"b\""
        ),
        (
            .array((0..<17).map { ["name": .string("m\($0)"), "target": 1, "value": 1] }), .sourceUnreachable,
            "17 metrics"
        ),
    ]

    @Test("a metric without a valid target, without a value or with too many others is an error")
    func metricFailures() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            for (metrics, kind, text) in Self.metricFaults {
                let error = try await plugin.failure(scaler.fields(ExternalScaler.metrics(metrics)))
                #expect(error?.kind == kind && error?.message.contains(text) == true, "\(metrics): \(error as Any)")
            }
        }
    }

    @Test("a slow scaler ends at the call's deadline, and other calls are answered until then")
    func slow() async throws {
        try await ExternalScaler.run { scaler in
            let plugin = KedaPlugin()
            async let slow = plugin.failure(scaler.fields(["fault": "IsActive=slow"]), timeout: .seconds(2))
            for _ in 0..<5 { #expect(try await plugin.value(scaler.fields()).value == 0) }
            let error = try await slow
            #expect(error?.kind == .deadlineExceeded && error?.message.contains("IsActive") == true, "\(error as Any)")
        }
    }

    @Test("the deadline of a call is sent to the scaler")
    func deadline() async throws {
        try await ExternalScaler.run { scaler in
            let metrics: JSON = [["name": "timeLeft", "target": 1]]
            let fields = scaler.fields(ExternalScaler.metrics(metrics))
            let reading = try await KedaPlugin().value(fields, timeout: .seconds(47))
            #expect(reading.value > 20 && reading.value < 47, "\(reading)")
        }
    }

    @Test("a scaler that restarts is read again over a new connection")
    func restart() async throws {
        let port = try RawServer.unusedPort()
        let plugin = KedaPlugin()
        try await ExternalScaler.run(["--port", "\(port)"]) { scaler in
            let first = try await plugin.value(scaler.fields())
            #expect(first.value == 0)
        }
        let fields = #""address": "127.0.0.1:\#(port)", "name": "n", "namespace": "ns""#
        let error = try #require(try await plugin.failure(fields))
        #expect(error.kind == .sourceUnreachable && error.path == "address", "\(error)")
        try await ExternalScaler.run(["--port", "\(port)"]) { _ in
            let deadline = ContinuousClock.now + KedaLimits.maxBackoff + .seconds(20)
            var reading: MetricReading?
            while reading == nil, ContinuousClock.now < deadline { reading = try? await plugin.value(fields) }
            #expect(reading?.value == 0)
        }
        #expect(plugin.channelCount == 1)
    }

    @Test("many scaled objects at one address share a connection")
    func manyObjects() async throws {
        try await ExternalScaler.run(["--max-streams", "8"]) { scaler in
            let plugin = KedaPlugin()
            try await withThrowingTaskGroup(of: Double.self) { group in
                for index in 0..<100 {
                    let metadata = ExternalScaler.setting(["value": .integer(Int64(index))], queue: "q\(index)")
                    group.addTask { try await plugin.value(scaler.fields(metadata, name: "n\(index)")).value }
                }
                var sum = 0.0
                for try await value in group { sum += value }
                #expect(abs(sum - 990) < 1e-6)
            }
            #expect(plugin.channelCount == 1)
        }
    }
}
