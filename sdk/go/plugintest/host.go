// Package plugintest is a host in the test's own process.
//
//	host := plugintest.Start(t, myPlugin)
//	reading, err := host.Value(map[string]any{"directory": "/tmp"})
package plugintest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	plugin "example.com/generalscaler/sdk/go"
)

// Timeout bounds every wait for the plugin.
const Timeout = 30 * time.Second

// Host calls a plugin as GeneralScaler does.
type Host struct {
	// Readings are the pushed readings.
	Readings chan Pushed

	metricType string
	mutex      sync.Mutex
	input      io.WriteCloser
	answers    map[int]chan answer
	lastID     int
}

// Pushed is a pushed reading, or the end of a subscription if Ended is not empty.
type Pushed struct {
	Subscription int     `json:"subscription"`
	Value        float64 `json:"value"`
	Ended        string  `json:"message"`
}

type answer struct {
	ID     int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Message string
		Data    struct {
			Kind         plugin.Kind
			Path         string
			RetryAfterMs int64
		}
	}
}

// Start serves the plugin until the test ends.
func Start[C any](t testing.TB, p plugin.Plugin[C]) *Host {
	t.Helper()
	requests, input := io.Pipe()
	output, answers := io.Pipe()
	h := &Host{metricType: p.Type, input: input, answers: map[int]chan answer{}, Readings: make(chan Pushed, 1024)}
	done := make(chan struct{})
	go func() {
		plugin.Serve(p, requests, answers)
		answers.Close()
	}()
	go func() {
		defer close(done)
		h.receive(output)
	}()
	t.Cleanup(func() {
		input.Close()
		<-done
	})
	if _, err := h.Call("initialize", map[string]any{"protocolVersions": []int{1}}); err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *Host) receive(output io.Reader) {
	lines := bufio.NewReader(output)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var message answer
		if json.Unmarshal(line, &message) != nil {
			continue
		}
		if message.Method != "" {
			var pushed Pushed
			_ = json.Unmarshal(message.Params, &pushed)
			h.Readings <- pushed
			continue
		}
		h.mutex.Lock()
		waiting := h.answers[message.ID]
		h.mutex.Unlock()
		if waiting != nil {
			waiting <- message
		}
	}
}

// Call returns the result of any method, or the *plugin.Error that the plugin answered.
func (h *Host) Call(method string, params any) (json.RawMessage, error) {
	h.mutex.Lock()
	h.lastID++
	id, waiting := h.lastID, make(chan answer, 1)
	h.answers[id] = waiting
	h.mutex.Unlock()
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if _, err := h.input.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	select {
	case message := <-waiting:
		if message.Error == nil {
			return message.Result, nil
		}
		data := message.Error.Data
		return nil, &plugin.Error{
			Kind: data.Kind, Message: message.Error.Message, Path: data.Path,
			RetryAfter: time.Duration(data.RetryAfterMs) * time.Millisecond,
		}
	case <-time.After(Timeout):
		return nil, fmt.Errorf("no answer to %s within %s", method, Timeout)
	}
}

// Value returns the reading of a config.
func (h *Host) Value(config map[string]any) (plugin.Reading, error) {
	return h.ValueBy(config, 5*time.Second)
}

// ValueBy returns the reading of a config, with the given deadline.
func (h *Host) ValueBy(config map[string]any, deadline time.Duration) (plugin.Reading, error) {
	result, err := h.Call("get_metric_value", h.params(config, deadline))
	if err != nil {
		return plugin.Reading{}, err
	}
	var found struct {
		Value          float64
		Unit, Detail   string
		ObservedAt     time.Time
		Assumed        bool
		UsefulReplicas int
		Active         *bool
	}
	err = json.Unmarshal(result, &found)
	return plugin.Reading{
		Value: found.Value, Unit: found.Unit, ObservedAt: found.ObservedAt, Detail: found.Detail, Assumed: found.Assumed,
		UsefulReplicas: found.UsefulReplicas, Active: found.Active,
	}, err
}

// Validate returns the faults of a config; none if it is valid.
func (h *Host) Validate(config map[string]any) ([]plugin.Problem, error) {
	result, err := h.Call("validate_config", map[string]any{"type": h.metricType, "config": config})
	var found struct{ Errors []plugin.Problem }
	if err == nil {
		err = json.Unmarshal(result, &found)
	}
	return found.Errors, err
}

// Subscribe subscribes to a config. Its readings arrive in Readings.
func (h *Host) Subscribe(config map[string]any) (int, error) {
	_, err := h.Call("subscribe", h.params(config, 5*time.Second))
	return h.lastID, err
}

// Unsubscribe ends a subscription.
func (h *Host) Unsubscribe(subscription int) error {
	_, err := h.Call("unsubscribe", map[string]any{"subscription": subscription})
	return err
}

func (h *Host) params(config map[string]any, deadline time.Duration) map[string]any {
	return map[string]any{
		"type": h.metricType, "config": config, "targetType": plugin.Value, "deadlineMs": deadline.Milliseconds(),
	}
}
