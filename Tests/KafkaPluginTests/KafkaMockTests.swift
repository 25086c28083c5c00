import PluginSDK
import TestSupport
import Testing

@testable import generalscaler_plugin_kafka

/// Lag, on librdkafka's mock cluster, through real sockets.
@Suite(.timeLimit(.minutes(2)), .serialized) struct KafkaMockTests {
    private func plugin() -> KafkaPlugin { KafkaPlugin() }

    /// `orders` with 3 partitions, with a lag of 4, 0 and 5 for the group `shop`.
    private func fill(_ mock: KafkaMock) async throws {
        try await mock.tell(
            "topic orders 3", "produce orders 0 7", "produce orders 1 2", "produce orders 2 5",
            "commit shop orders 0 3",
            "commit shop orders 1 2", "commit shop orders 2 0")
    }

    @Test("the lag of a topic is the sum over its partitions, and follows messages and commits")
    func lagTopicSum() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            let plugin = plugin()
            let config = #"\#(mock.at), "group": "shop", "topics": ["orders"]"#
            let reading = try await plugin.value(config)
            #expect(reading.value == 9)
            #expect(reading.detail == "2 of 3 partitions have lag")
            let limited = try await plugin.value(config + #", "limitToPartitions": true"#)
            #expect(limited.value == 9 && limited.usefulReplicas == 2)
            try await mock.tell("produce orders 1 13", "commit shop orders 2 5")
            #expect(try await plugin.value(config).value == 17)
            try await mock.tell("commit shop orders 0 7", "commit shop orders 1 15")
            #expect(try await plugin.value(config).value == 0)
        }
    }

    @Test("several topics and a subset of partitions are counted as configured")
    func topicsSubsetPartitions() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            try await mock.tell("topic bills 1", "produce bills 0 11", "commit shop bills 0 10")
            let plugin = plugin()
            #expect(try await plugin.value(#"\#(mock.at), "group": "shop", "topics": ["orders", "bills"]"#).value == 10)
            let two = #"\#(mock.at), "group": "shop", "topics": ["orders"], "partitions": [2, 1]"#
            #expect(try await plugin.value(two).value == 5)
            let error = try #require(
                try await plugin.failure(#"\#(mock.at), "group": "shop", "topics": ["orders"], "partitions": [1, 3]"#))
            #expect(error.kind == .notFound && error.path == "partitions", "\(error)")
            // All calls share one client.
            #expect(plugin.clientCount == 1)
        }
    }

    @Test("a group without commits has no data or the value that the config sets")
    func groupCommitsData() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            let plugin = plugin()
            let config = #"\#(mock.at), "group": "new", "topics": ["orders"]"#
            let error = try #require(try await plugin.failure(config))
            #expect(error.kind == .noData && error.path == "withoutCommit", "\(error)")
            #expect(error.message.contains("group new has no committed offset"), "\(error.message)")
            #expect(try await plugin.value(config + #", "withoutCommit": "earliest""#).value == 14)
            #expect(try await plugin.value(config + #", "withoutCommit": "latest""#).value == 0)
            try await mock.tell("commit new orders 0 7", "commit new orders 2 4")
            let partly = try #require(try await plugin.failure(config))
            #expect(partly.kind == .noData && partly.message.contains("orders/1"), "\(partly)")
            #expect(try await plugin.value(config + #", "withoutCommit": "earliest""#).value == 3)
        }
    }

    @Test("a group without any commit in any topic has no data")
    func groupCommitTopic() async throws {
        try await KafkaMock.run { mock in
            // The mock answers so for every group.
            let error = try #require(try await plugin().failure(#"\#(mock.at), "group": "typo""#))
            #expect(error.kind == .noData && error.path == "group", "\(error)")
        }
    }

    @Test("a topic that does not exist or may not be read is reported with its field")
    func topicExistRead() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            let plugin = plugin()
            let config = #"\#(mock.at), "group": "shop", "topics": ["orders"]"#
            try await mock.tell("topicerror orders 3")
            let missing = try #require(try await plugin.failure(config, timeout: .seconds(5)))
            #expect(missing.kind == .notFound && missing.path == "topics", "\(missing)")
            try await mock.tell("topicerror orders 29")
            let denied = try #require(try await plugin.failure(config, timeout: .seconds(5)))
            #expect(denied.kind == .authFailed && denied.path == "topics", "\(denied)")
            #expect(denied.message.contains("Grant"))
            try await mock.tell("topicerror orders 0")
            #expect(try await plugin.value(config).value == 9)
        }
    }

    @Test("a group that may not be described is reported with its field")
    func groupDescribedReported() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            // OffsetFetch, GROUP_AUTHORIZATION_FAILED
            try await mock.tell("fail 9 30 1")
            let config = #"\#(mock.at), "group": "shop", "topics": ["orders"]"#
            let plugin = plugin()
            let error = try #require(try await plugin.failure(config))
            #expect(error.kind == .authFailed && error.path == "group", "\(error)")
            #expect(try await plugin.value(config).value == 9)
        }
    }

    @Test("concurrent calls for many groups each get their own lag, with one client")
    func concurrentCallsMany() async throws {
        try await KafkaMock.run { mock in
            try await mock.tell("topic orders 1", "produce orders 0 97")
            for group in 0..<40 { try await mock.tell("commit g\(group) orders 0 \(group)") }
            let plugin = plugin()
            let at = mock.at
            try await withThrowingTaskGroup(of: (Int, Double).self) { tasks in
                for group in 0..<40 {
                    tasks.addTask {
                        (group, try await plugin.value(#"\#(at), "group": "g\#(group)", "topics": ["orders"]"#).value)
                    }
                }
                for try await (group, lag) in tasks { #expect(lag == Double(97 - group)) }
            }
            #expect(plugin.clientCount == 1)
        }
    }

    @Test("a missing broker is reported by the deadline with the reason")
    func missingBrokerReported() async throws {
        let port = try RawServer.unusedPort()
        let error = try #require(
            try await plugin().failure(
                #""brokers": ["127.0.0.1:\#(port)"], "group": "shop", "topics": ["orders"]"#, timeout: .seconds(2)))
        #expect(error.kind == .sourceUnreachable && error.path == "brokers", "\(error)")
        #expect(error.message.contains("refused"), "\(error.message)")
    }

    @Test("a server that sends nothing is abandoned at the deadline")
    func serverSendsNothing() async throws {
        let start = ContinuousClock.now
        let silence: @Sendable (RawServer.Connection) -> Void = { $0.waitForClose() }
        try await RawServer.run(script: silence) { port in
            let error = try #require(
                try await plugin().failure(
                    #""brokers": ["127.0.0.1:\#(port)"], "group": "shop", "topics": ["orders"]"#,
                    timeout: .milliseconds(700)))
            #expect([.deadlineExceeded, .sourceUnreachable].contains(error.kind), "\(error)")
        }
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("an idle client is closed")
    func idleClientClosed() async throws {
        try await KafkaMock.run { mock in
            try await fill(mock)
            let plugin = KafkaPlugin(files: NoFiles(), maxIdleAge: .zero)
            _ = try await plugin.value(#"\#(mock.at), "group": "shop", "topics": ["orders"]"#)
            try await mock.untilTrue { plugin.clientCount == 0 }
        }
    }
}
