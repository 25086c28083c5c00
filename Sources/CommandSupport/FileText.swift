import FoundationEssentials
import WireFormats

/// The reason why a file that the user named cannot be used.
package struct FileProblem: Error, CustomStringConvertible {
    package let path: String
    package let message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }

    package var description: String { message.hasPrefix("\(path):") ? message : "\(path): \(message)" }
}

package enum FileText {
    /// Reads text in UTF-8 or UTF-16, without its byte order mark.
    ///
    /// - Parameter path: `-` for stdin.
    package static func read(_ path: String, maxBytes: Int) throws(FileProblem) -> String {
        let bytes = try bytes(path, maxBytes: maxBytes)
        do {
            return try TextDecoder.text(bytes)
        } catch {
            throw FileProblem(path: path, message: error.description)
        }
    }

    /// - Parameter path: `-` for stdin.
    package static func bytes(_ path: String, maxBytes: Int) throws(FileProblem) -> [UInt8] {
        let data: Data
        if path == "-" {
            var input = StandardInput(maxLineBytes: maxBytes)
            guard let bytes = input.all() else {
                throw FileProblem(path: path, message: "has more than \(maxBytes) bytes")
            }
            return bytes
        }
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw FileProblem(
                path: path, message: "cannot be read: check that it exists and that you have permission to read it")
        }
        guard data.count <= maxBytes else {
            throw FileProblem(path: path, message: "has \(data.count) bytes, more than \(maxBytes)")
        }
        return Array(data)
    }

    package static func write(_ bytes: [UInt8], to path: String) throws(FileProblem) {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw FileProblem(
                path: path,
                message:
                    "cannot be written: check that the directory exists and that you have permission to write to it")
        }
    }
}
