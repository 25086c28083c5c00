import PluginSDK
import Synchronization
import Testing

@testable import generalscaler_plugin_kubernetes

@Suite struct KeptListsTests {
    /// Lists of a number of objects each, on a clock that tests move.
    private final class Fixture: Sendable {
        let now = Mutex(ContinuousClock.now)
        let reads = Mutex<[String]>([])

        /// Reads a list and returns whether that took a request.
        func reads(_ key: String, of lists: KeptLists<String, Int>, objects: Int = 1) async throws -> Bool {
            let before = reads.withLock(\.count)
            let value = try await lists.value(for: key) { () throws(PluginError) in
                reads.withLock { $0.append(key) }
                return objects
            }
            #expect(value == objects)
            return reads.withLock(\.count) > before
        }

        var lists: KeptLists<String, Int> {
            KeptLists(now: { self.now.withLock(\.self) }, size: { $0 })
        }
    }

    private let fixture = Fixture()

    @Test("a list is shared for its lifetime, which a later list of the same key restarts")
    func lifetime() async throws {
        let lists = fixture.lists
        #expect(try await fixture.reads("a", of: lists))
        fixture.now.withLock { $0 += KubernetesLimits.listLifetime - .nanoseconds(1) }
        #expect(try await !fixture.reads("a", of: lists))
        fixture.now.withLock { $0 += .nanoseconds(1) }
        #expect(try await fixture.reads("a", of: lists))
        fixture.now.withLock { $0 += KubernetesLimits.listLifetime - .nanoseconds(1) }
        // Forgets what is old: the first "a", not the second.
        #expect(try await fixture.reads("b", of: lists))
        #expect(try await !fixture.reads("a", of: lists))
    }

    @Test("the oldest lists make room for a list above the number of lists or of objects")
    func room() async throws {
        let lists = fixture.lists
        for number in 0...KubernetesLimits.maxLists {
            fixture.now.withLock { $0 += .milliseconds(1) }
            #expect(try await fixture.reads("list-\(number)", of: lists))
        }
        #expect(try await fixture.reads("list-0", of: lists))
        #expect(try await !fixture.reads("list-\(KubernetesLimits.maxLists)", of: lists))

        #expect(try await fixture.reads("large", of: lists, objects: KubernetesLimits.maxKeptObjects))
        #expect(try await !fixture.reads("large", of: lists, objects: KubernetesLimits.maxKeptObjects))
        #expect(try await fixture.reads("list-0", of: lists))
        #expect(try await fixture.reads("large", of: lists, objects: KubernetesLimits.maxKeptObjects))
    }
}
