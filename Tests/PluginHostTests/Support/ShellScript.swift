/// A plugin in bash that answers every call for a value with 5: line after line, or just one.
enum ShellScript {
    /// - Parameter onCall: shell commands run for each call for a value, before the answer.
    static func text(type: String, onCall: String = ":") -> String {
        #"""
        #!/usr/bin/env bash
        while read -r line; do
            id=${line#*\"id\":}; id=${id%%,*}
            case $line in
            *'"method":"initialize"'*)
                result='{"protocolVersion":1,"plugin":{"name":"shell","version":"1"},"metricTypes":[{"type":"\#(type)",
        "description":"","configSchema":{},"defaultTargetType":"Value"}],"capabilities":{"maxInFlight":2}}' ;;
            *'"method":"get_metric_value"'*)
                \#(onCall)
                result='{"value":5,"observedAt":"2026-01-01T00:00:00Z"}' ;;
            *'"method":"validate_config"'*) result='{"valid":true}' ;;
            *) result='{}' ;;
            esac
            echo "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":${result//$'\n'/}}"
        done
        """#
    }
}
