/// A plugin in bash that answers every read with 5, for many calls or one.
enum ShellScript {
    /// - Parameter onCall: shell commands to run before the answer to each read.
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
