// A whole plugin: the minute of the hour, to scale by the clock. Build it with
// go build -o generalscaler-plugin-minute .
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"
)

const hello = `"result":{"protocolVersion":1,"plugin":{"name":"minute","version":"1.0.0"},"metricTypes":[{` +
	`"type":"minute","description":"The minute of the hour.","defaultTargetType":"Value",` +
	`"configSchema":{"type":"object","properties":{},"additionalProperties":false}}]}`

type request struct {
	ID     *int64
	Method string
	Params struct {
		ProtocolVersions []int
		Config           map[string]any
	}
}

func answer(r request) string {
	for key := range r.Params.Config {
		if r.Method == "validate_config" {
			path, _ := json.Marshal(key)
			return fmt.Sprintf(`"result":{"valid":false,"errors":[{"path":%s,"message":"is no field"}]}`, path)
		}
		return `"error":{"code":1001,"message":"the config has to be {}"}`
	}
	switch r.Method {
	case "initialize":
		for _, version := range r.Params.ProtocolVersions {
			if version == 1 {
				return hello
			}
		}
		return `"error":{"code":1000,"message":"this plugin speaks version 1"}`
	case "validate_config":
		return `"result":{"valid":true}`
	case "get_metric_value":
		now := time.Now().UTC()
		return fmt.Sprintf(`"result":{"value":%d,"observedAt":"%s"}`, now.Minute(), now.Format(time.RFC3339))
	}
	return `"error":{"code":-32601,"message":"there is no such method"}`
}

func main() {
	requests := json.NewDecoder(os.Stdin)
	for {
		var r request
		if requests.Decode(&r) != nil {
			return
		}
		if r.ID != nil {
			fmt.Printf("{\"jsonrpc\":\"2.0\",\"id\":%d,%s}\n", *r.ID, answer(r))
		}
	}
}
