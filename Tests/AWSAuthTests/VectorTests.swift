import Foundation
import HTTPTransport
import PluginSDK
import Testing

@testable import AWSAuth

/// The test suite that AWS publishes (see Vectors/README.md).
@Suite
struct VectorTests {
    /// A request of the suite.
    struct Vector: CustomTestStringConvertible {
        let name: String
        let method: String
        let path: String
        let query: String?
        var headers: [HTTPHeader] = []
        let body: String

        var testDescription: String { name }

        init(_ name: String) throws {
            self.name = name
            let text = try Self.text(name, "req")
            let end = text.range(of: "\n\n")
            body = end.map { String(text[$0.upperBound...]) } ?? ""
            let lines = text[..<(end?.lowerBound ?? text.endIndex)].split(separator: "\n")
            let first = try #require(lines.first?.split(separator: " ", maxSplits: 1))
            method = String(first[0])
            // A target of the suite may have a blank.
            let target = first[1].replacing(" HTTP/1.1", with: "")
                .split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
            path = String(target[0])
            query = target.count == 2 ? String(target[1]) : nil
            for line in lines.dropFirst() {
                if line.hasPrefix(" ") {
                    // A folded header.
                    headers[headers.count - 1].value += line
                } else {
                    let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    headers.append(HTTPHeader(String(pair[0]), String(pair[1])))
                }
            }
        }

        static var folder: URL {
            URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors", directoryHint: .isDirectory)
        }

        static func text(_ name: String, _ kind: String) throws -> String {
            try String(contentsOf: folder.appending(path: "\(name)/\(name).\(kind)"), encoding: .utf8)
        }

        static var all: [Vector] {
            get throws {
                try FileManager.default.contentsOfDirectory(atPath: folder.path)
                    .filter { $0.hasPrefix("get-") || $0.hasPrefix("post-") }.sorted().map(Vector.init)
            }
        }
    }

    private static let signature = AWSSignature(
        region: "us-east-1", service: "service",
        key: AWSKey(
            id: "AKIDEXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), sessionToken: nil))

    @Test("the test suite of AWS has 34 requests")
    func count() throws {
        #expect(try Vector.all.count == 34)
    }

    @Test("the canonical request and the signature of each request of AWS's test suite are the published ones")
    func vectors() throws {
        for vector in try Vector.all {
            var headers = vector.headers
            // The suite signs the token of one request, and adds that of another after the signature.
            if let line = try Vector.text(vector.name, "creq").split(separator: "\n")
                .first(where: { $0.hasPrefix("x-amz-security-token:") }),
                !headers.contains(where: { $0.name == "X-Amz-Security-Token" })
            {
                headers.append(HTTPHeader("X-Amz-Security-Token", String(line.split(separator: ":")[1])))
            }
            let canonical = CanonicalRequest(
                method: vector.method, path: vector.path, query: vector.query, headers: headers,
                payloadHash: AWSSignature.hexDigest(Array(vector.body.utf8)), isStorage: false)
            #expect(try canonical.text == Vector.text(vector.name, "creq"), "\(vector.name)")
            #expect(
                try Self.signature.authorization(of: canonical, time: "20150830T123600Z")
                    == Vector.text(vector.name, "authz"), "\(vector.name)")
        }
    }
}
