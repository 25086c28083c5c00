package import WireFormats

/// A line that a person types in an interactive session with a plugin.
package enum ReplRequest: Hashable, Sendable {
    /// A call, with a config for it alone.
    case call(OneCall.Method, JSON?)
    case subscribe(JSON?)
    /// Ends one subscription; nil for all.
    case unsubscribe(Int64?)
    /// Sets the config of the calls that follow; nil shows it.
    case config(JSON?)
    /// Sets the metric type of the calls that follow; nil shows the types.
    case type(String?)
    case reload
    case help
    case exit
    case blank

    /// - Throws: ``ReplProblem`` that says what to type instead.
    package init(_ line: String) throws(ReplProblem) {
        let words = line.split(maxSplits: 1, whereSeparator: \.isWhitespace).map(String.init)
        let rest = words.count > 1 ? words[1] : ""
        guard let name = words.first else {
            self = .blank
            return
        }
        switch name {
        case "subscribe": self = .subscribe(try Self.config(rest))
        case "unsubscribe": self = .unsubscribe(try Self.subscription(rest))
        case "config": self = .config(try Self.config(rest))
        case "type": self = .type(Self.trimmed(rest))
        case "reload", "help", "exit":
            guard rest.allSatisfy(\.isWhitespace) else { throw ReplProblem("\(name) takes no argument") }
            self = name == "reload" ? .reload : name == "help" ? .help : .exit
        default:
            guard let method = OneCall.Method(rawValue: name) else {
                throw ReplProblem("unknown command \(Evidence.text(Array(name.utf8))); help lists the commands")
            }
            self = .call(method, try Self.config(rest))
        }
    }

    private static func config(_ text: String) throws(ReplProblem) -> JSON? {
        guard let text = trimmed(text) else { return nil }
        let config: JSON
        do throws(JSONSyntaxError) {
            config = try JSON(parsing: text)
        } catch {
            throw ReplProblem("the config is not JSON: \(error)")
        }
        guard config.objectValue != nil else {
            throw ReplProblem(
                "a config is a JSON object, such as {\"queue\": \"jobs\"}, and this is \(config.shapeName)")
        }
        return config
    }

    private static func subscription(_ text: String) throws(ReplProblem) -> Int64? {
        guard let text = trimmed(text) else { return nil }
        guard let id = Int64(text) else {
            throw ReplProblem("unsubscribe takes the number that subscribe showed, or nothing to end all subscriptions")
        }
        return id
    }

    private static func trimmed(_ text: String) -> String? {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard let first = words.first, let last = words.last else { return nil }
        return String(text[first.startIndex..<last.endIndex])
    }

    package static let helpText = """
        value [CONFIG]      request the value; CONFIG is a JSON object, and applies to this call only
        validate [CONFIG]   have the plugin check a config
        range [CONFIG]      request the history of the last hour
        initialize          show what the plugin offers
        subscribe [CONFIG]  have the plugin push readings, and show each as it arrives
        unsubscribe [ID]    end a subscription, or all
        config [CONFIG]     set the config of the calls that follow, or show it
        type [TYPE]         set the metric type of the calls that follow, or show the types
        reload              restart the plugin; a change of its files does so automatically
        exit                end the session, as the end of the input (Ctrl-D) does
        """
}

/// What is wrong with a line, and what to type instead.
package struct ReplProblem: Error, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
