package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"sync"
	"time"
)

const (
	protocolVersion  = 1
	maxRequestBytes  = 60 << 10
	maxResponseBytes = 1 << 20
	maxRangePoints   = 10_000
	// The number of calls that the watchdog answered and whose code still runs. Beyond it, new calls get the error busy.
	maxAbandonedCalls = 64
	maxSubscriptions  = 16_384
	// A late call is answered this share of its time before the deadline, within these bounds.
	watchdogShare, watchdogMin, watchdogMax = 10, 5 * time.Millisecond, 100 * time.Millisecond
)

// asker is the plugin's code, without its config type.
type asker interface {
	identity() map[string]any
	metricType() string
	limit() int
	has(method string) bool
	// parse reads and checks a config.
	parse(config any) (any, problems)
	// secrets returns those in a config that need not be valid.
	secrets(config any) []string
	// run answers a call: with the result, or with a function that runs the subscription until its context ends.
	run(ctx context.Context, c *call) (map[string]any, error)
	subscribe(ctx context.Context, c *call, readings chan<- Reading) error
}

// call is one call of the host that runs the plugin's code.
type call struct {
	id         any
	method     string
	config     any
	secrets    []string
	targetType TargetType
	window     Window
	cancel     context.CancelFunc
	timer      *time.Timer
}

func (c *call) known() []string { return c.secrets }

// session is the state of the conversation with one host.
type session struct {
	plugin        asker
	write         func([]byte)
	mutex         sync.Mutex
	initialized   bool
	isShutDown    bool
	maxResponse   int
	pending       map[any]*call
	abandoned     map[*call]bool
	subscriptions map[int64]*call
	outbox        *outbox
	failures      failureLog
}

func newSession(plugin asker, write func([]byte)) *session {
	s := &session{
		plugin: plugin, write: write, maxResponse: maxResponseBytes, pending: map[any]*call{},
		abandoned: map[*call]bool{}, subscriptions: map[int64]*call{},
	}
	s.outbox = newOutbox(s.sendReading)
	return s
}

func (s *session) receiveOverlong() {
	s.replyError(nil, newError(InvalidRequest, fmt.Sprintf("the line is longer than %d bytes", maxRequestBytes)), nil)
}

// receive handles one line of the host.
func (s *session) receive(line []byte) {
	if len(bytes.Trim(line, " \t\r")) == 0 {
		return
	}
	decoded, err := decodeJSON(line)
	if err != nil {
		s.replyError(nil, newError(ParseError, "the line is not JSON: "+err.Error()), nil)
		return
	}
	message, _ := decoded.(map[string]any)
	id, hasID := message["id"]
	method, ok := message["method"].(string)
	if !ok || message["jsonrpc"] != "2.0" {
		s.replyError(id, newError(InvalidRequest, `a request has jsonrpc "2.0" and a method`), nil)
		return
	}
	params, hasParams := message["params"]
	if !hasParams {
		params = map[string]any{}
	}
	if !hasID {
		s.notified(method, params)
		return
	}
	if err := s.requested(id, method, params); err != nil {
		s.replyError(id, asError(err), nil)
	}
}

func (s *session) notified(method string, params any) {
	members, ok := params.(map[string]any)
	if method != "cancel" || !ok {
		return
	}
	s.mutex.Lock()
	c := s.pending[key(members["id"])]
	s.mutex.Unlock()
	if c != nil {
		s.abandon(c, newError(Cancelled, "the host cancelled the call"))
	}
}

func (s *session) requested(id any, method string, params any) error {
	switch id.(type) {
	case json.Number, string:
	default:
		return newError(InvalidRequest, "id must be a number or a string, not "+shape(id))
	}
	if err := s.checkUnused(id); err != nil {
		return err
	}
	if !s.initialized {
		if method != "initialize" {
			return newError(InvalidRequest, excerpt(method)+" came before initialize")
		}
		return s.initialize(id, params)
	}
	switch method {
	case "initialize":
		return newError(InvalidRequest, "initialize came twice")
	case "validate_config":
		return s.validate(id, params)
	case "get_metric_value":
		return s.begin(id, method, params)
	case "get_metric_range", "subscribe":
		if s.plugin.has(method) {
			return s.begin(id, method, params)
		}
	case "unsubscribe":
		if s.plugin.has("subscribe") {
			return s.unsubscribe(id, params)
		}
	case "shutdown":
		s.shutDown(id)
		return nil
	}
	return newError(MethodNotFound, "the plugin has no method "+excerpt(method))
}

func (s *session) initialize(id any, params any) error {
	versions, err := member[[]any](params, "protocolVersions", "an array")
	if err != nil {
		return err
	}
	asked, speaks := "", false
	for i, version := range versions {
		if i > 0 {
			asked += ", "
		}
		asked += fmt.Sprint(version)
		speaks = speaks || version == json.Number("1")
	}
	if !speaks {
		message := fmt.Sprintf("the plugin speaks protocol version %d, the host %s: update the older one", protocolVersion, asked)
		return newError(UnsupportedVersion, message)
	}
	if limits, ok := params.(map[string]any)["limits"].(map[string]any); ok {
		if number, ok := limits["maxResponseBytes"].(json.Number); ok {
			if limit, ok := wholeNumber(number); ok && limit > 0 && limit < int64(s.maxResponse) {
				s.maxResponse = int(limit)
			}
		}
	}
	s.initialized = true
	s.reply(id, s.plugin.identity(), nil)
	return nil
}

func (s *session) validate(id any, params any) error {
	if err := s.checkType(params); err != nil {
		return err
	}
	config, err := member[map[string]any](params, "config", "an object")
	if err != nil {
		return err
	}
	if _, found, err := s.parse(config); err != nil {
		return err
	} else if found != nil {
		s.reply(id, map[string]any{"valid": false, "errors": []Problem(found)}, nil)
		return nil
	}
	s.reply(id, map[string]any{"valid": true}, nil)
	return nil
}

// parse reads and checks a config. Its problems, and the error for a check that panics, have no secrets.
func (s *session) parse(config any) (parsed any, found problems, err error) {
	secrets := func() []string { return s.plugin.secrets(config) }
	parsed, err = safely(&s.failures, secrets, func() (any, error) {
		var value any
		value, found = s.plugin.parse(config)
		return value, nil
	})
	if err != nil {
		failure := asError(err)
		failure.Message = oneLine(redact(failure.Message, secrets()))
		return nil, nil, failure
	}
	for i := range found {
		found[i].Message = oneLine(redact(found[i].Message, secrets()))
	}
	return parsed, found, nil
}

func (s *session) begin(id any, method string, params any) error {
	if err := s.checkType(params); err != nil {
		return err
	}
	config, err := member[map[string]any](params, "config", "an object")
	if err != nil {
		return err
	}
	target, err := member[string](params, "targetType", "a string")
	if err != nil {
		return err
	}
	if target != string(Value) && target != string(AverageValue) {
		return invalid("targetType", fmt.Sprintf(`must be one of Value, AverageValue, not "%s"`, excerpt(target)))
	}
	c := &call{id: id, method: method, targetType: TargetType(target)}
	if method == "get_metric_range" {
		if c.window, err = window(params); err != nil {
			return err
		}
	}
	deadlineMs, err := whole(params, "deadlineMs", 1, math.MaxInt32)
	if err != nil {
		return err
	}
	if number, ok := id.(json.Number); method == "subscribe" && (!ok || !isWhole(number)) {
		return newError(InvalidRequest, "the id of subscribe must be a whole number, because readings refer to it")
	}
	parsed, found, err := s.parse(config)
	if err != nil {
		return err
	}
	if found != nil {
		return found
	}
	c.config, c.secrets = parsed, s.plugin.secrets(config)
	return s.start(c, time.Duration(deadlineMs)*time.Millisecond)
}

func (s *session) start(c *call, timeout time.Duration) error {
	margin := timeout / watchdogShare
	if margin < watchdogMin {
		margin = watchdogMin
	} else if margin > watchdogMax {
		margin = watchdogMax
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.pending) >= s.plugin.limit() {
		return newError(Busy, fmt.Sprintf("%d calls are in flight, which is the plugin's maxInFlight", s.plugin.limit()))
	}
	if len(s.abandoned) >= maxAbandonedCalls {
		return newError(Busy, fmt.Sprintf("%d calls still run although they were cancelled: restart the plugin", len(s.abandoned)))
	}
	if c.method == "subscribe" && len(s.subscriptions) >= maxSubscriptions {
		return newError(CannotSubscribe, fmt.Sprintf("there are %d subscriptions, which is the maximum", maxSubscriptions))
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel = cancel
	s.pending[key(c.id)] = c
	c.timer = time.AfterFunc(timeout-margin, func() {
		s.abandon(c, newError(DeadlineExceeded, "no answer by the deadline"))
	})
	go s.run(ctx, c)
	return nil
}

func (s *session) run(ctx context.Context, c *call) {
	defer c.cancel()
	if c.method == "subscribe" {
		s.runSubscription(ctx, c)
		return
	}
	result, err := safely(&s.failures, c.known, func() (map[string]any, error) { return s.plugin.run(ctx, c) })
	if err != nil {
		s.fail(c, asError(err))
		return
	}
	s.finish(c, result)
}

func (s *session) unsubscribe(id any, params any) error {
	subscription, err := whole(params, "subscription", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	s.mutex.Lock()
	c := s.subscriptions[subscription]
	delete(s.subscriptions, subscription)
	s.mutex.Unlock()
	if c != nil {
		s.outbox.remove(c)
		c.cancel()
	}
	s.reply(id, map[string]any{}, nil)
	return nil
}

func (s *session) shutDown(id any) {
	s.mutex.Lock()
	var left []*call
	for _, c := range s.pending {
		left = append(left, c)
	}
	s.mutex.Unlock()
	for _, c := range left {
		s.abandon(c, newError(Cancelled, "the plugin was shut down"))
	}
	s.reply(id, map[string]any{}, nil)
	s.isShutDown = true
}

func (s *session) checkUnused(id any) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.pending[key(id)] != nil {
		text, _ := json.Marshal(id)
		return newError(InvalidRequest, fmt.Sprintf("a call with id %s is in flight", text))
	}
	return nil
}

func (s *session) checkType(params any) error {
	name, err := member[string](params, "type", "a string")
	if err != nil {
		return err
	}
	if name != s.plugin.metricType() {
		message := fmt.Sprintf(`the plugin has no metric type "%s", only "%s"`, excerpt(name), s.plugin.metricType())
		return newError(InvalidParams, message)
	}
	return nil
}

// take removes a call whose answer is about to be written. It returns false if the call was already answered.
func (s *session) take(c *call) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.abandoned, c)
	if s.pending[key(c.id)] != c {
		return false
	}
	delete(s.pending, key(c.id))
	c.timer.Stop()
	return true
}

func (s *session) finish(c *call, result map[string]any) {
	if s.take(c) {
		s.reply(c.id, result, c)
	}
}

func (s *session) fail(c *call, err *Error) {
	if s.take(c) {
		s.replyError(c.id, err, c)
	}
}

func (s *session) abandon(c *call, err *Error) {
	s.mutex.Lock()
	if s.pending[key(c.id)] != c {
		s.mutex.Unlock()
		return
	}
	delete(s.pending, key(c.id))
	s.abandoned[c] = true
	c.timer.Stop()
	s.mutex.Unlock()
	c.cancel()
	s.replyError(c.id, err, c)
}

func (s *session) isIdle() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.pending) == 0
}

// Lines

func (s *session) reply(id any, result map[string]any, c *call) {
	if c != nil {
		for _, name := range []string{"detail", "unit"} {
			if text, ok := result[name].(string); ok {
				result[name] = redact(text, c.secrets)
			}
		}
	}
	s.send(map[string]any{"jsonrpc": "2.0", "id": id, "result": result})
}

func (s *session) replyError(id any, err *Error, c *call) {
	body := err.object()
	if c != nil {
		body["message"] = oneLine(redact(err.Message, c.secrets))
	}
	s.send(map[string]any{"jsonrpc": "2.0", "id": id, "error": body})
}

func (s *session) send(message map[string]any) {
	line := encode(message)
	if len(line)-1 > s.maxResponse {
		id, isAnswer := message["id"]
		if !isAnswer {
			return
		}
		text := fmt.Sprintf("the answer has %d bytes; the maximum is %d", len(line)-1, s.maxResponse)
		line = encode(map[string]any{"jsonrpc": "2.0", "id": id, "error": newError(InternalError, text).object()})
	}
	s.write(line)
}

// encode returns the line with its newline.
func encode(message map[string]any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		panic(err)
	}
	return buffer.Bytes()
}

// decodeJSON reads one JSON value and nothing after it; numbers stay text.
func decodeJSON(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is text after the value")
	}
	return value, nil
}

// key distinguishes the ids 1 and "1", and treats 1 and 1.0 as the same.
func key(id any) any {
	if number, ok := id.(json.Number); ok {
		if float, err := number.Float64(); err == nil {
			return float
		}
	}
	return id
}

func isWhole(number json.Number) bool {
	_, ok := wholeNumber(number)
	return ok
}

func invalid(path, message string) error {
	if path != "" {
		message = path + ": " + message
	}
	return &Error{Kind: InvalidParams, Message: message, Path: path}
}

func member[T any](params any, name, expected string) (T, error) {
	var none T
	members, ok := params.(map[string]any)
	if !ok {
		return none, invalid("", "must be an object, not "+shape(params))
	}
	if members[name] == nil {
		return none, invalid(name, "is required")
	}
	value, ok := members[name].(T)
	if !ok {
		return none, invalid(name, "must be "+expected+", not "+shape(members[name]))
	}
	return value, nil
}

func whole(params any, name string, least, most int64) (int64, error) {
	number, err := member[json.Number](params, name, "a whole number")
	if err != nil {
		return 0, err
	}
	value, ok := wholeNumber(number)
	switch {
	case !ok:
		return 0, invalid(name, "must be a whole number, not "+number.String())
	case value < least:
		return 0, invalid(name, fmt.Sprintf("must be at least %d, not %d", least, value))
	case value > most:
		return 0, invalid(name, fmt.Sprintf("must be from %d to %d, not %d", least, most, value))
	}
	return value, nil
}

func window(params any) (Window, error) {
	var times [2]time.Time
	for i, name := range []string{"from", "to"} {
		text, err := member[string](params, name, "a string")
		if err != nil {
			return Window{}, err
		}
		if times[i], err = time.Parse(time.RFC3339Nano, text); err != nil {
			return Window{}, invalid(name, "must be an RFC 3339 time, such as 2026-01-02T03:04:05Z")
		}
	}
	seconds, err := whole(params, "stepSeconds", 1, math.MaxInt32)
	if err != nil {
		return Window{}, err
	}
	step := time.Duration(seconds) * time.Second
	span := times[1].Sub(times[0])
	if span < 0 || int64(span/step) >= maxRangePoints {
		return Window{}, invalid("to", fmt.Sprintf("must be at or after from, and at most %d steps long", maxRangePoints))
	}
	return Window{Start: times[0], End: times[1], Step: step}, nil
}

func configType[C any]() reflect.Type { return reflect.TypeOf((*C)(nil)).Elem() }
