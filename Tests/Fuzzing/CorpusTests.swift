import FoundationEssentials
import Testing

@Suite("The corpus of the fuzzer")
struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Corpus")
    private static let maxFiles = 40
    private static let maxBytes = 4_096

    @Test(
        "the inputs of the fuzzing corpus cause no finding",
        .timeLimit(.minutes(1)), arguments: FuzzTarget.all.map(\.name))
    func replay(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        for file in try Self.files(in: name) {
            let input = Array(try #require(FileManager.default.contents(atPath: file.path())))
            do throws(FuzzFinding) {
                try target.run(input)
            } catch {
                Issue.record("\(name)/\(file.lastPathComponent): \(error)")
            }
        }
    }

    @Test("each fuzz target has a corpus of bounded size")
    func size() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path())
        #expect(folders.sorted() == FuzzTarget.all.map(\.name).sorted())
        for name in folders {
            let files = try Self.files(in: name)
            #expect((1...Self.maxFiles).contains(files.count), "\(name) has \(files.count) inputs")
            for file in files {
                let size = try #require(FileManager.default.contents(atPath: file.path())).count
                #expect(size <= Self.maxBytes, "\(name)/\(file.lastPathComponent) has \(size) bytes")
            }
        }
    }

    private static func files(in name: String) throws -> [URL] {
        let folder = corpus.appending(path: name)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
            .map { folder.appending(path: $0) }
    }
}
