package plugin

import (
	"fmt"
	"os"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"
)

const (
	// Stack traces within tracePeriod, and lines of one: a source at which every call fails must not fill the log.
	maxTraces     = 4
	maxTraceLines = 40
	tracePeriod   = time.Minute
)

// failureLog writes the stack traces of panics to standard error, without secrets.
type failureLog struct {
	mutex sync.Mutex
	times []time.Time
}

// log writes the stack trace of a panic. Its last line is the panic's message.
func (l *failureLog) log(reason any, stack []byte, secrets []string) {
	if !l.isDue(time.Now()) {
		return
	}
	text := fmt.Sprintf("%s\npanic: %v", panickingFrames(string(stack)), reason)
	lines := strings.Split(redact(text, secrets), "\n")
	if left := len(lines) - maxTraceLines; left > 0 {
		lines = append([]string{fmt.Sprintf("(%d lines are omitted)", left)}, lines[left:]...)
	}
	// One write, so that the traces of two calls do not mix.
	fmt.Fprintln(os.Stderr, strings.Join(lines, "\n"))
}

func (l *failureLog) isDue(now time.Time) bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for len(l.times) > 0 && now.Sub(l.times[0]) >= tracePeriod {
		l.times = l.times[1:]
	}
	if len(l.times) >= maxTraces {
		return false
	}
	l.times = append(l.times, now)
	if len(l.times) == maxTraces {
		fmt.Fprintf(os.Stderr, "no more than %d stack traces are logged within %s; this is the last\n", maxTraces, tracePeriod)
	}
	return true
}

// panickingFrames returns the frames of the plugin's own code: from the one that panicked on, to those of this package.
func panickingFrames(stack string) string {
	if _, frames, found := strings.Cut(stack, "\npanic("); found {
		if _, frames, found = strings.Cut(frames, "\n\t"); found {
			if _, frames, found = strings.Cut(frames, "\n"); found {
				stack = frames
			}
		}
	}
	frames, _, _ := strings.Cut(stack, "\n"+reflect.TypeOf(failureLog{}).PkgPath()+".")
	return strings.TrimRight(frames, "\n")
}

// safely turns a panic of the plugin's code into an error, and logs it.
func safely[T any](log *failureLog, secrets func() []string, run func() (T, error)) (result T, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			log.log(reason, debug.Stack(), secrets())
			err = newError(InternalError, fmt.Sprintf("panic: %v", reason))
		}
	}()
	return run()
}

// oneLine returns a message of several lines as one.
func oneLine(text string) string {
	var lines []string
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}

// secretsAt returns the secrets in a config that need not be valid.
func secretsAt(schema any, value any) []string {
	declared, ok := schema.(map[string]any)
	if !ok {
		return nil
	}
	var found []string
	switch value := value.(type) {
	case string:
		if declared["x-secret"] == true {
			found = []string{value}
		}
	case []any:
		for _, element := range value {
			found = append(found, secretsAt(declared["items"], element)...)
		}
	case map[string]any:
		fields, _ := declared["properties"].(map[string]any)
		for name, member := range value {
			field, known := fields[name]
			if !known {
				field = declared["additionalProperties"]
			}
			found = append(found, secretsAt(field, member)...)
		}
	}
	return found
}
