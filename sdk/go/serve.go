package plugin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"sort"
	"sync"
	"time"
)

// After the end of input, how long calls in flight may still answer. The protocol demands the exit within 2 s.
const drainTime = 1500 * time.Millisecond

// Run serves the host on standard input and output until the input ends, and exits. From then on both belong to the
// protocol alone: what the plugin, its libraries and its children print goes to standard error. On
// Linux the processes that the plugin started end with it.
func Run[C any](p Plugin[C]) {
	input, output, err := takeStandardStreams()
	if err != nil {
		fmt.Fprintln(os.Stderr, "plugin: standard input and output:", err)
		os.Exit(1)
	}
	if err := start(p, input, output); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	killDescendants()
	os.Exit(0)
}

// start serves one host, or returns what is wrong with the plugin's declaration.
func start[C any](p Plugin[C], input io.Reader, output io.Writer) error {
	asker, err := newAsker(p)
	if err == nil {
		serve(asker, input, output)
	}
	return err
}

// Serve serves one host until its input ends or it sends shutdown. Run is for programs; Serve is for tests. It panics if the
// plugin's declaration is wrong.
func Serve[C any](p Plugin[C], input io.Reader, output io.Writer) {
	if err := start(p, input, output); err != nil {
		panic(err)
	}
}

func serve(plugin asker, input io.Reader, output io.Writer) {
	var lock sync.Mutex
	s := newSession(plugin, func(line []byte) {
		lock.Lock()
		defer lock.Unlock()
		// If the host has exited, the input ends too.
		_, _ = output.Write(line)
	})
	read(s, input)
	for end := time.Now().Add(drainTime); !s.isShutDown && !s.isIdle() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
}

func read(s *session, input io.Reader) {
	lines := bufio.NewReaderSize(input, maxRequestBytes+1)
	for !s.isShutDown {
		line, err := lines.ReadSlice('\n')
		isOverlong := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		if err != nil {
			return
		}
		if isOverlong {
			s.receiveOverlong()
			continue
		}
		s.receive(append([]byte(nil), line[:len(line)-1]...))
	}
}

// typed is a plugin as the session sees it.
type typed[C any] struct {
	plugin Plugin[C]
	schema map[string]any
}

func newAsker[C any](p Plugin[C]) (asker, error) {
	if p.Type == "" || p.Description == "" || p.Version == "" || p.Value == nil {
		return nil, errors.New("plugin: Type, Description, Version and Value are required")
	}
	if err := checkDeclaration(configType[C]()); err != nil {
		return nil, err
	}
	if p.Target == "" {
		p.Target = AverageValue
	}
	if p.MaxInFlight == 0 {
		p.MaxInFlight = DefaultMaxInFlight
	}
	schema := schemaOf(configType[C]())
	schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return &typed[C]{p, schema}, nil
}

func (t *typed[C]) metricType() string { return t.plugin.Type }
func (t *typed[C]) limit() int         { return t.plugin.MaxInFlight }

func (t *typed[C]) has(method string) bool {
	return method == "get_metric_range" && t.plugin.Range != nil || method == "subscribe" && t.plugin.Subscribe != nil
}

func (t *typed[C]) identity() map[string]any {
	metric := map[string]any{
		"type": t.plugin.Type, "description": t.plugin.Description, "configSchema": t.schema,
		"defaultTargetType": t.plugin.Target,
	}
	if t.plugin.MaxAge > 0 {
		metric["maxAgeMs"] = t.plugin.MaxAge.Milliseconds()
	}
	return map[string]any{
		"protocolVersion": protocolVersion,
		"plugin":          map[string]any{"name": t.plugin.Type, "version": t.plugin.Version},
		"metricTypes":     []any{metric},
		"capabilities": map[string]any{
			"maxInFlight": t.plugin.MaxInFlight, "cancel": true, "batch": false, "range": t.plugin.Range != nil,
			"subscribe": t.plugin.Subscribe != nil, "maxRequestBytes": maxRequestBytes,
		},
	}
}

func (t *typed[C]) parse(config any) (any, problems) {
	var parsed C
	if found := readValue(reflect.ValueOf(&parsed).Elem(), config, ""); found != nil {
		return nil, found
	}
	return parsed, nil
}

func (t *typed[C]) secrets(config any) []string { return secretsAt(t.schema, config) }

func (t *typed[C]) call(c *call) Call[C] {
	return Call[C]{Config: c.config.(C), TargetType: c.targetType, Window: c.window}
}

func (t *typed[C]) run(ctx context.Context, c *call) (map[string]any, error) {
	if c.method == "get_metric_range" {
		points, err := t.plugin.Range(ctx, t.call(c))
		if err != nil {
			return nil, err
		}
		return rangeObject(points, c.window)
	}
	reading, err := t.plugin.Value(ctx, t.call(c))
	if err != nil {
		return nil, err
	}
	return reading.object()
}

func (t *typed[C]) subscribe(ctx context.Context, c *call, readings chan<- Reading) error {
	return t.plugin.Subscribe(ctx, t.call(c), readings)
}

func (r Reading) object() (map[string]any, error) {
	if math.IsNaN(r.Value) {
		return nil, newError(NoData, "the value is nan, which counts as no data")
	}
	if math.IsInf(r.Value, 0) {
		return nil, newError(NoData, fmt.Sprintf("the value is %v, which counts as no data", r.Value))
	}
	if r.ObservedAt.IsZero() {
		r.ObservedAt = time.Now()
	}
	object := map[string]any{"value": r.Value, "observedAt": formatTime(r.ObservedAt)}
	if r.Unit != "" {
		object["unit"] = r.Unit
	}
	if r.Detail != "" {
		object["detail"] = r.Detail
	}
	if r.Assumed {
		object["assumed"] = true
	}
	if r.UsefulReplicas < 0 || r.UsefulReplicas > math.MaxInt32 {
		return nil, newError(InternalError, fmt.Sprintf("usefulReplicas is %d: it must be from 1 to %d", r.UsefulReplicas, math.MaxInt32))
	}
	if r.UsefulReplicas > 0 {
		object["usefulReplicas"] = r.UsefulReplicas
	}
	if r.Active != nil {
		object["active"] = *r.Active
	}
	return object, nil
}

func formatTime(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }

// rangeObject is the result of get_metric_range. Points without a finite value are omitted.
func rangeObject(points []Point, window Window) (map[string]any, error) {
	var known []Point
	for _, point := range points {
		if !math.IsNaN(point.Value) && !math.IsInf(point.Value, 0) {
			known = append(known, point)
		}
	}
	if len(known) == 0 {
		return nil, newError(NoData, "there is no value in the requested time range")
	}
	sort.SliceStable(known, func(i, j int) bool { return known[i].At.Before(known[j].At) })
	objects := make([]map[string]any, len(known))
	for i, point := range known {
		if i > 0 && point.At.Equal(known[i-1].At) {
			return nil, newError(InternalError, "the points contain a time twice")
		}
		objects[i] = map[string]any{"at": formatTime(point.At), "value": point.Value}
	}
	if known[0].At.Before(window.Start) || known[len(known)-1].At.After(window.End) {
		return nil, newError(InternalError, "the points are outside of the window")
	}
	return map[string]any{"points": objects}, nil
}
