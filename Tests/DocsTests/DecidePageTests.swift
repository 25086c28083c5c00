import Foundation
import ScalerAPI
import Scaling
import Testing
import WireFormats

@Suite("docs/reference/decide.md")
struct DecidePageTests {
    @Test("the decide page shows a request and exactly its answer")
    func example() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
            path: "../../docs/reference/decide.md")
        let page = try String(contentsOf: file, encoding: .utf8)
        let blocks = page.split(separator: "```json\n").dropFirst().map {
            $0.prefix(upTo: $0.firstRange(of: "```")?.lowerBound ?? $0.endIndex)
        }
        let examples = try blocks.map { try JSON(parsing: String($0)) }
        #expect(examples.count == 2)
        let request = try DecisionRequest(examples[0], zones: UniversalTimeOnly())
        // Compared as text, because 350 is equal to 350.0.
        let answer = DecisionEngine.decide(request.input).json(of: request.input)
        #expect(try JSON(parsing: answer.description) == examples[1])
    }
}
