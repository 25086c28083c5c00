// A whole plugin: the minute of the hour with its seconds as a fraction.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

const hello = `"result":{"protocolVersion":1,"plugin":{"name":"minute","version":"1.0.0"},"metricTypes":[{"type":"minute",
"description":"The minute of the hour.","configSchema":{"type":"object","properties":{},"additionalProperties":false},
"defaultTargetType":"Value"}]}`

type request struct {
	ID     *json.RawMessage
	Method string
	Params struct {
		ProtocolVersions []int
		Config           map[string]json.RawMessage
	}
}
