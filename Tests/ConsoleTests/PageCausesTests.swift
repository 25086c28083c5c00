import ScalerAPI
import Scaling
import Testing

@testable import Console

@Suite("The causes on the console's page")
struct PageCausesTests {
    private let script = String(decoding: ConsoleServer.script(), as: UTF8.self)

    @Test("the page explains every cause", arguments: Cause.allCases)
    func explained(cause: Cause) {
        #expect(script.contains(" \(cause.rawValue): \""))
    }

    @Test("the page sorts by the causes by which generalscaler top sorts")
    func sorted() throws {
        #expect(try set(named: "alarming") == Set(Cause.alarming.map(\.rawValue)))
        #expect(try set(named: "bounded") == Set(Cause.bounding.map(\.rawValue)))
    }

    /// Returns the words of a set in the script.
    private func set(named name: String) throws -> Set<String> {
        let start = try #require(script.firstRange(of: "const \(name) = new Set([")).upperBound
        let end = try #require(script[start...].firstRange(of: "])")).lowerBound
        return Set(script[start..<end].split(separator: ",").map { $0.filter { $0 != "\"" && $0 != " " } })
    }
}
