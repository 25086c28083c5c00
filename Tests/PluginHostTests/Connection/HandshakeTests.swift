import PluginProtocol
import Testing
import WireFormats

@testable import PluginHost

@Suite("The handshake")
struct HandshakeTests {
    @Test("a valid answer to initialize completes the handshake")
    func good() {
        var conversation = Conversation(nil)
        let actions = conversation.receive(line: Conversation.handshake(PluginCapabilities(maxInFlight: 4)))
        guard case .handshakeCompleted(let initialized) = actions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(initialized.capabilities.maxInFlight == 4)
    }

    @Test("a protocol version that was not offered is reported with both versions and what to install")
    func version() {
        var conversation = Conversation(nil)
        let message = conversation.receive(line: Conversation.handshake(PluginCapabilities(), version: 2)).givenUp?
            .message
        #expect(message?.contains("protocol version 2, and the host offered 1") == true)
        #expect(message?.contains("Install a matching version") == true)
    }

    @Test("a plugin that refuses the protocol version is reported with the plugin's own message")
    func unsupportedVersion() {
        var conversation = Conversation(nil)
        let actions = conversation.receive(
            line: ["jsonrpc": "2.0", "id": 1, "error": ["code": 1000, "message": "this plugin speaks 7"]])
        #expect(actions.givenUp?.message.contains("this plugin speaks 7") == true)
    }

    @Test("a handshake with a duplicate metric type is rejected")
    func duplicateType() {
        var conversation = Conversation(nil)
        let actions = conversation.receive(line: Conversation.handshake(PluginCapabilities(), types: ["a", "a"]))
        #expect(actions.givenUp?.message.contains(#""a" twice"#) == true)
    }

    @Test(
        "a handshake of the wrong shape is reported with the field",
        arguments: [
            (#"{}"#, "plugin: is required"),
            (#"{"protocolVersion":1,"plugin":{"name":"n","version":"1"},"metricTypes":[]}"#, "metricTypes: must name"),
            (#"{"protocolVersion":"1","plugin":{"name":"n","version":"1"},"metricTypes":[]}"#, "metricTypes"),
            (#""hello""#, "must be an object"),
        ])
    func wrongShape(result: String, problem: String) {
        var conversation = Conversation(nil)
        let actions = conversation.receive(#"{"jsonrpc":"2.0","id":1,"result":\#(result)}"# + "\n")
        #expect(actions.givenUp?.message.contains(problem) == true, "\(actions)")
    }

    @Test("an unreadable answer to initialize ends the plugin immediately instead of at the timeout")
    func unreadable() {
        var conversation = Conversation(nil)
        #expect(
            conversation.receive(#"{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":1e400}}"# + "\n").givenUp != nil)
    }
}
