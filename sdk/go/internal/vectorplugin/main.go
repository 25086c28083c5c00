// Command vectorplugin is the plugin that the SDK's vectors are sent to.
package main

import (
	"context"
	"fmt"
	"math"
	"time"

	plugin "example.com/generalscaler/sdk/go"
)

type server struct {
	Port int            `json:"port" help:"Port." minimum:"1" maximum:"65535"`
	Cert *string        `json:"cert" help:"Certificate."`
	Key  *plugin.Secret `json:"key" help:"Key."`
}

func (s server) Validate() []plugin.Problem {
	if (s.Cert == nil) != (s.Key == nil) {
		return []plugin.Problem{{Path: "key", Message: "goes with cert"}}
	}
	return nil
}

type config struct {
	Behavior  string            `json:"behavior" help:"What a call does." default:"answer" enum:"answer,none,nan,fail,rate,leak,print,wait,limit,activity"`
	Value     float64           `json:"value" help:"The value." default:"1" minimum:"0"`
	Unit      *string           `json:"unit" help:"The unit."`
	Count     int               `json:"count" help:"A count." default:"10" minimum:"1" maximum:"300"`
	Strict    bool              `json:"strict" help:"Whether to be strict." default:"false"`
	Token     *plugin.Secret    `json:"token" help:"A token."`
	Address   *string           `json:"address" help:"The server." address:"true"`
	Namespace *string           `json:"namespace" help:"The scaler's namespace." from:"scaler.namespace"`
	Servers   []server          `json:"servers" help:"Servers." default:"[]"`
	Labels    map[string]string `json:"labels" help:"Labels." default:"{}"`
}

func (c config) reading() plugin.Reading {
	reading := plugin.Reading{Value: c.Value}
	if c.Unit != nil {
		reading.Unit = *c.Unit
	}
	return reading
}

func value(_ context.Context, call plugin.Call[config]) (plugin.Reading, error) {
	switch call.Config.Behavior {
	case "none":
		return plugin.Reading{}, &plugin.Error{Kind: plugin.NoData, Message: "the queue does not exist"}
	case "nan":
		return plugin.Reading{Value: math.NaN()}, nil
	case "fail":
		return plugin.Reading{}, &plugin.Error{Kind: plugin.NotFound, Message: "there is no such thing", Path: "value"}
	case "rate":
		return plugin.Reading{}, &plugin.Error{
			Kind: plugin.RateLimited, Message: "slow down", RetryAfter: 1500 * time.Millisecond}
	case "leak":
		leaked := call.Config.reading().Unit
		if leaked == "" {
			leaked = call.Config.Token.Reveal()
		}
		return plugin.Reading{}, &plugin.Error{Kind: plugin.AuthFailed, Message: "the server refuses " + leaked}
	case "print":
		fmt.Println("a stray print")
	case "wait":
		select {}
	}
	reading := call.Config.reading()
	if call.Config.Behavior == "limit" {
		reading.UsefulReplicas = call.Config.Count
		if call.Config.Strict {
			reading.UsefulReplicas = -1
		}
	}
	if call.Config.Behavior == "activity" {
		reading.Active = &call.Config.Strict
	}
	return reading, nil
}

func history(_ context.Context, call plugin.Call[config]) ([]plugin.Point, error) {
	var points []plugin.Point
	if call.Config.Behavior != "none" {
		for _, at := range call.Window.Times() {
			points = append(points, plugin.Point{At: at, Value: call.Config.Value})
		}
	}
	return points, nil
}

func changes(ctx context.Context, call plugin.Call[config], readings chan<- plugin.Reading) error {
	if call.Config.Behavior == "fail" {
		return &plugin.Error{Kind: plugin.CannotSubscribe, Message: "the source reports no changes"}
	}
	readings <- call.Config.reading()
	<-ctx.Done()
	return ctx.Err()
}

func main() {
	plugin.Run(plugin.Plugin[config]{
		Type: "vector", Description: "What its config says.", Version: "1.0.0", Target: plugin.Value, MaxInFlight: 4,
		Value: value, Range: history, Subscribe: changes,
	})
}
