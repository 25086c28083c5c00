/// The comments of a YAML file, by the line they belong to.
package struct SourceComments: Sendable {
    private var byLine: [Int: [String]] = [:]

    /// Finds whole lines that are comments; each belongs to the next line that is none. A `#` line inside of a block
    /// scalar is text, which cannot be told from a comment without its indentation.
    package init(_ text: String) {
        var pending: [String] = []
        var blockIndent: Int?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let content = line.drop { $0 == " " }
            let indent = line.count - content.count
            if content.isEmpty || content == "\r" {
                continue
            }
            if let block = blockIndent, indent > block { continue }
            blockIndent = nil
            if content.hasPrefix("#") {
                pending.append(content.filter { $0 != "\r" })
                continue
            }
            if content.hasPrefix("---") {
                pending = []
                continue
            }
            if !pending.isEmpty { byLine[index + 1] = pending }
            pending = []
            let code = content.trimmed
            if ["|", ">", "|-", ">-", "|+", ">+"].contains(where: { code.hasSuffix($0) }) { blockIndent = indent }
        }
    }

    func above(_ line: Int) -> [String] { byLine[line] ?? [] }
}
