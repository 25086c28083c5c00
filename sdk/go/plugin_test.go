package plugin_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	plugin "example.com/generalscaler/sdk/go"
	"example.com/generalscaler/sdk/go/plugintest"
)

type queueConfig struct {
	Name   string         `json:"name" help:"The queue."`
	Length float64        `json:"length" help:"Its length." default:"2.5" minimum:"0"`
	Token  *plugin.Secret `json:"token" help:"A token."`
}

type valueFunc = func(context.Context, plugin.Call[queueConfig]) (plugin.Reading, error)

func queue(value valueFunc) plugin.Plugin[queueConfig] {
	return plugin.Plugin[queueConfig]{
		Type: "queue", Description: "The length of a queue.", Version: "1.2.3", MaxInFlight: 2, Value: value,
	}
}

func length(_ context.Context, call plugin.Call[queueConfig]) (plugin.Reading, error) {
	return plugin.Reading{Value: call.Config.Length}, nil
}

func kindOf(t *testing.T, err error) plugin.Kind {
	t.Helper()
	var failure *plugin.Error
	if !errors.As(err, &failure) {
		t.Fatalf("not a plugin error: %v", err)
	}
	return failure.Kind
}

func TestEveryFaultIsReportedWithItsPath(t *testing.T) {
	host := plugintest.Start(t, queue(length))
	found, err := host.Validate(map[string]any{"length": -0.125, "nmae": "x"})
	want := []plugin.Problem{
		{Path: "name", Message: "is required: The queue."},
		{Path: "length", Message: "must be at least 0, not -0.125"},
		{Path: "nmae", Message: "is not a known field; known fields: name, length, token"},
	}
	if err != nil || fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestAValueIsAnswered(t *testing.T) {
	host := plugintest.Start(t, queue(length))
	reading, err := host.Value(map[string]any{"name": "q", "length": 0.375})
	if err != nil || reading.Value != 0.375 || time.Since(reading.ObservedAt) > time.Minute {
		t.Errorf("found %v, %v", reading, err)
	}
}

func TestACallThatNeverReturnsIsAnsweredAndDoesNotHoldUpOthers(t *testing.T) {
	never := make(chan struct{})
	defer close(never)
	host := plugintest.Start(t, queue(func(_ context.Context, call plugin.Call[queueConfig]) (plugin.Reading, error) {
		if call.Config.Name == "stuck" {
			<-never
		}
		return plugin.Reading{Value: 1}, nil
	}))
	for i := 0; i < 3; i++ {
		_, err := host.ValueBy(map[string]any{"name": "stuck"}, 50*time.Millisecond)
		if kind := kindOf(t, err); kind != plugin.DeadlineExceeded {
			t.Fatalf("found %s", kind)
		}
		if _, err := host.Value(map[string]any{"name": "q"}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNotANumberIsNoData(t *testing.T) {
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		host := plugintest.Start(t, queue(func(context.Context, plugin.Call[queueConfig]) (plugin.Reading, error) {
			return plugin.Reading{Value: value}, nil
		}))
		_, err := host.Value(map[string]any{"name": "q"})
		if kind := kindOf(t, err); kind != plugin.NoData {
			t.Errorf("%v is %s", value, kind)
		}
	}
}

func TestSecretsAreRedactedInErrorsAndPanics(t *testing.T) {
	const secret = "pa$$ wörd/42+x"
	for _, before := range []string{"", "u", "us"} {
		host := plugintest.Start(t, queue(func(_ context.Context, call plugin.Call[queueConfig]) (plugin.Reading, error) {
			text := before + call.Config.Token.Reveal() + "!"
			panic("Basic " + base64.StdEncoding.EncodeToString([]byte(text)) + " or " + call.Config.Token.Reveal())
		}))
		_, err := host.Value(map[string]any{"name": "q", "token": secret})
		encoded := base64.StdEncoding.EncodeToString([]byte(before + secret + "!"))
		if kindOf(t, err) != plugin.InternalError || contains(err, secret) || contains(err, encoded[4:len(encoded)-4]) {
			t.Errorf("found %v", err)
		}
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// logged returns what is written to standard error meanwhile.
func logged(t *testing.T, run func()) string {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	before := os.Stderr
	os.Stderr = writer
	run()
	os.Stderr = before
	writer.Close()
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func deepPanic(token *plugin.Secret) { panic("first\n  second " + token.Reveal()) }

func TestAPanicIsOneLineForTheHostAndLoggedWithItsStackWithoutSecrets(t *testing.T) {
	host := plugintest.Start(t, queue(func(_ context.Context, call plugin.Call[queueConfig]) (plugin.Reading, error) {
		deepPanic(call.Config.Token)
		return plugin.Reading{}, nil
	}))
	log := logged(t, func() {
		for i := 0; i < 9; i++ {
			_, err := host.Value(map[string]any{"name": "q", "token": "s3cr3t-token"})
			if err == nil || err.Error() != "internal_error: panic: first second ***" {
				t.Errorf("found %v", err)
			}
		}
	})
	if strings.Count(log, "panic: first\n  second ***\n") != 4 || strings.Count(log, "this is the last") != 1 {
		t.Errorf("found %s", log)
	}
	if !strings.Contains(log, "go_test.deepPanic(") || strings.Contains(log, "s3cr3t") || strings.Contains(log, "session.go") {
		t.Errorf("found %s", log)
	}
}

type checkedConfig struct {
	Name  string        `json:"name" help:"The queue."`
	Token plugin.Secret `json:"token" help:"A token."`
}

func (c checkedConfig) Validate() []plugin.Problem {
	if c.Name == "bad" {
		return []plugin.Problem{{Path: "token", Message: c.Token.Reveal() + " is too old"}}
	}
	panic(c.Token.Reveal())
}

func TestACheckThatPanicsOrReportsASecretDoesNotShowIt(t *testing.T) {
	host := plugintest.Start(t, plugin.Plugin[checkedConfig]{
		Type: "queue", Description: "The length of a queue.", Version: "1.2.3",
		Value: func(context.Context, plugin.Call[checkedConfig]) (plugin.Reading, error) {
			return plugin.Reading{}, nil
		},
	})
	log := logged(t, func() {
		config := map[string]any{"name": "q", "token": "s3cr3t-token"}
		if _, err := host.Value(config); err == nil || err.Error() != "internal_error: panic: ***" {
			t.Errorf("found %v", err)
		}
		if _, err := host.Validate(config); err == nil || err.Error() != "internal_error: panic: ***" {
			t.Errorf("found %v", err)
		}
		config["name"] = "bad"
		if found, err := host.Validate(config); err != nil || fmt.Sprint(found) != "[{token *** is too old}]" {
			t.Errorf("found %v, %v", found, err)
		}
	})
	if strings.Contains(log, "s3cr3t") || !strings.Contains(log, "checkedConfig.Validate") {
		t.Errorf("found %s", log)
	}
}

// declared returns what is wrong with the declaration of a config; empty if nothing is.
func declared[C any]() (message string) {
	defer func() {
		if reason := recover(); reason != nil {
			message = fmt.Sprint(reason)
		}
	}()
	plugin.Serve(plugin.Plugin[C]{
		Type: "queue", Description: "The length of a queue.", Version: "1.2.3",
		Value: func(context.Context, plugin.Call[C]) (plugin.Reading, error) { return plugin.Reading{}, nil },
	}, strings.NewReader(""), io.Discard)
	return ""
}

func TestAWrongTagIsAnErrorAtTheStart(t *testing.T) {
	type nested struct {
		Inner []map[string]struct {
			Port int `json:"port" help:"The port." maxximum:"65535"`
		} `json:"inner" help:"Inner."`
	}
	type deep struct {
		Inner struct {
			Port int8 `json:"port"`
		} `json:"inner"`
	}
	type recursive struct {
		Next *recursive `json:"next" help:"The next."`
	}
	for _, test := range []struct{ found, want string }{
		{declared[queueConfig](), ""},
		{declared[struct {
			A string `json:"a" hlep:"A."`
		}](), "unknown tag hlep: did you mean help?"},
		{declared[struct {
			A string `json:"a" help:"A." Address:"true"`
		}](), "unknown tag Address: did you mean address?"},
		{declared[struct {
			A int `json:"a" help:"A." min:"1"`
		}](), "unknown tag min: write minimum"},
		{declared[struct {
			A string `json:"a" help:"A." secret:"true"`
		}](), "unknown tag secret: give the field the type plugin.Secret"},
		{declared[struct {
			A string `json:"a" help:"A." yaml:"a"`
		}](), "unknown tag yaml: the tags of a config field are json, help,"},
		{declared[struct {
			A string `json:"a" address:"yes"`
		}](), `the tag address is "true" or "false", not "yes"`},
		{declared[struct {
			A string `json:"a" from:"scaler.namespaze"`
		}](), "the tag from is one of scaler.namespace,"},
		{declared[struct {
			A int `json:"a" default:"2.5"`
		}](), "the tag default must be a whole number, not 2.5"},
		{declared[struct {
			A int `json:"a" minimum:"one"`
		}](), "the tag minimum is not a number"},
		{declared[struct{ A string }](), "has no json tag for its name"},
		{declared[struct {
			A chan int `json:"a"`
		}](), ".A: config field `a` cannot have the type chan int"},
		{declared[struct {
			A uint8 `json:"limit"`
		}](), ".A: config field `limit` cannot have the type uint8"},
		{declared[struct {
			A []map[string]*int32 `json:"a"`
		}](), ".A: config field `a` cannot have the type []map[string]*int32"},
		{declared[struct {
			A map[int]string `json:"a"`
		}](), ".A: config field `a` cannot have the type map[int]string"},
		{declared[deep](), "plugin: struct { Port int8 \"json:\\\"port\\\"\" }.Port: config field `port` cannot have the type int8"},
		{declared[int](), "the config is a struct, not int"},
		{declared[nested](), "Port: unknown tag maxximum: did you mean maximum?"},
		{declared[recursive](), "contains itself"},
	} {
		if !strings.Contains(test.found, test.want) || (test.want == "") != (test.found == "") {
			t.Errorf("found %q, not %q", test.found, test.want)
		}
	}
}

func TestASecretDoesNotPrint(t *testing.T) {
	secret := plugin.NewSecret("s3cr3t-token")
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, secret); text != "***" {
			t.Errorf("%s prints %s", format, text)
		}
	}
}

func TestReadingsArePushedUntilTheSubscriptionEnds(t *testing.T) {
	p := queue(length)
	p.Subscribe = func(_ context.Context, _ plugin.Call[queueConfig], readings chan<- plugin.Reading) error {
		readings <- plugin.Reading{Value: 0.5}
		return &plugin.Error{Kind: plugin.SourceUnreachable, Message: "the queue went away"}
	}
	host := plugintest.Start(t, p)
	if _, err := host.Subscribe(map[string]any{"name": "q"}); err != nil {
		t.Fatal(err)
	}
	if reading := <-host.Readings; reading.Value != 0.5 {
		t.Errorf("found %v", reading)
	}
	if end := <-host.Readings; end.Ended != "the queue went away" {
		t.Errorf("found %v", end)
	}
}

func TestASubscriptionWhoseCodeIgnoresItsContextEnds(t *testing.T) {
	returned := make(chan struct{})
	p := queue(length)
	p.Subscribe = func(ctx context.Context, _ plugin.Call[queueConfig], readings chan<- plugin.Reading) error {
		defer close(returned)
		for value := 0.0; ctx.Err() == nil; value++ {
			readings <- plugin.Reading{Value: value}
		}
		return nil
	}
	host := plugintest.Start(t, p)
	subscription, err := host.Subscribe(map[string]any{"name": "q"})
	if err != nil {
		t.Fatal(err)
	}
	<-host.Readings
	if err := host.Unsubscribe(subscription); err != nil {
		t.Fatal(err)
	}
	<-returned
}

// TestMain runs a plugin in place of the tests if a test has started it as one.
func TestMain(m *testing.M) {
	if command := os.Getenv("TEST_PLUGIN_COMMAND"); command != "" {
		plugin.Run(queue(func(ctx context.Context, _ plugin.Call[queueConfig]) (plugin.Reading, error) {
			child := exec.Command("sh", "-c", command)
			child.Stderr = os.Stderr
			return plugin.Reading{}, child.Run()
		}))
	}
	os.Exit(m.Run())
}

func TestWhatAPluginStartedHasEndedWhenItExits(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /proc")
	}
	for _, end := range []string{"", `{"jsonrpc":"2.0","id":2,"method":"shutdown"}` + "\n"} {
		process := exec.Command(os.Args[0])
		process.Env = append(os.Environ(), "TEST_PLUGIN_COMMAND=sleep 61 & echo $! >&2; wait; exit 0")
		input, _ := process.StdinPipe()
		errors, _ := process.StderrPipe()
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(input, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersions":[1]}}`)
		fmt.Fprintln(input, `{"jsonrpc":"2.0","id":1,"method":"get_metric_value",`+
			`"params":{"type":"queue","config":{"name":"q"},"targetType":"Value","deadlineMs":60000}}`)
		line, err := bufio.NewReader(errors).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(input, end)
		input.Close()
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
		waitUntilEnded(t, strings.TrimSpace(line))
	}
}

// waitUntilEnded waits until a killed process has ended, which it does once it runs again.
func waitUntilEnded(t *testing.T, id string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		state, err := os.ReadFile("/proc/" + id + "/stat")
		// A process that is not waited for keeps its entry, with the state Z.
		if err != nil || strings.Contains(string(state), ") Z ") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("found %s", state)
		}
	}
}
