import Testing

@testable import HTTPTransport

struct ResponseHeadParserTests {
    private func parse(_ lines: [String], maxBytes: Int = 1_000) -> [HTTPResponseHead?] {
        var parser = ResponseHeadParser(maxBytes: maxBytes)
        return lines.compactMap { line in
            switch Array(line.utf8).withUnsafeBytes({ parser.take($0) }) {
            case .more: nil
            case .head(let head): .some(head)
            case .tooLarge: .some(nil)
            }
        }
    }

    @Test("lines up to the empty one are parsed as a response head, without blanks around values")
    func head() throws {
        let heads = parse(["HTTP/2 200\r\n", "A: one\r\n", "a:\ttwo \r\n", "Empty:\r\n", "no colon\r\n", "\r\n"])
        let head = try #require(heads.first ?? nil)
        #expect(heads.count == 1)
        #expect(head.status == 200)
        #expect(head.headers == [HTTPHeader("A", "one"), HTTPHeader("a", "two"), HTTPHeader("Empty", "")])
    }

    @Test("an interim response is skipped, and trailers do not change the response head")
    func interim() throws {
        let heads = parse([
            "HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/1.1 404 Not Found\r\n", "A: 1\r\n", "\r\n",
            "Trailer: 1\r\n", "\r\n",
        ])
        #expect(heads.map { $0?.status } == [404])
        #expect(heads.first??.headers == [HTTPHeader("A", "1")])
    }

    @Test("all lines of a response head count toward the size limit, to the byte")
    func bound() {
        let lines = ["HTTP/1.1 200 OK\r\n", "A: 1\r\n", "\r\n"]
        let count = lines.joined().utf8.count
        #expect(parse(lines, maxBytes: count).map { $0?.status } == [200])
        #expect(parse(lines, maxBytes: count - 1).map { $0?.status } == [nil])
    }
}
