// Package plugin is the SDK for GeneralScaler metric plugins in Go.
//
// A plugin is a config struct, a function that returns the value, and a call of Run:
//
//	type Config struct {
//		Directory string `json:"directory" help:"The directory with one file per job."`
//	}
//
//	func main() {
//		plugin.Run(plugin.Plugin[Config]{
//			Type: "queue-depth", Description: "The number of files in a directory.", Version: "1.0.0",
//			Value: func(ctx context.Context, call plugin.Call[Config]) (plugin.Reading, error) {
//				files, err := os.ReadDir(call.Config.Directory)
//				return plugin.Reading{Value: float64(len(files))}, err
//			},
//		})
//	}
package plugin

import (
	"context"
	"time"
)

// TargetType is how a value is compared with its target.
type TargetType string

const (
	// AverageValue divides a total by the replicas. The plugin does not divide.
	AverageValue TargetType = "AverageValue"
	// Value compares a value per replica as it is.
	Value TargetType = "Value"
)

// DefaultMaxInFlight is the number of concurrent calls if Plugin.MaxInFlight is 0.
const DefaultMaxInFlight = 16

// Plugin declares a metric plugin whose config is the struct C.
//
// The fields of C have the tags json (the name), help (the meaning, with its unit), and optionally default (a text, or
// JSON for other types), minimum, maximum, enum (words separated by commas) and address:"true" for the server to connect
// to. A field without a default is required unless its type is a pointer. Types: string, bool, int, int64, float64,
// Secret, another struct, and pointers, slices and maps with string keys of them. If C or a struct in it has a method
// Validate() []Problem, it reports problems between fields that are valid individually.
type Plugin[C any] struct {
	// Type is the metric type; the executable is named generalscaler-plugin-TYPE.
	Type string
	// Description is the meaning of the value, in one sentence.
	Description string
	// Version is the plugin's version.
	Version string
	// Target is the default target type: AverageValue if empty.
	Target TargetType
	// MaxInFlight is the number of concurrent calls: DefaultMaxInFlight if 0.
	MaxInFlight int
	// MaxAge is the age up to which a reading of a slow source counts as fresh: the host's default if 0.
	MaxAge time.Duration
	// Value returns the current value. Its context ends at the call's deadline.
	Value func(context.Context, Call[C]) (Reading, error)
	// Range, if set, returns history, one point for each of Call.Window's times that has a value.
	Range func(context.Context, Call[C]) ([]Point, error)
	// Subscribe, if set, sends a reading whenever the value changes, the first immediately, until its context ends. It
	// returns an Error of kind CannotSubscribe before the first reading if the source never reports changes.
	Subscribe func(context.Context, Call[C], chan<- Reading) error
}

// Call is a request of the host.
type Call[C any] struct {
	// Config is valid.
	Config C
	// TargetType is how the value is compared with its target.
	TargetType TargetType
	// Window has the times of a Range call.
	Window Window
}

// Reading is one value of a metric.
type Reading struct {
	// Value is finite. If there is no value, return an Error of kind NoData; never return 0 instead.
	Value float64
	// Unit is the unit, such as "messages".
	Unit string
	// ObservedAt is the time at which the source observed the value: now if zero.
	ObservedAt time.Time
	// Detail is a note for users on how the value was determined.
	Detail string
	// Assumed reports whether the source has no value and Value is what the config assumes in that case.
	Assumed bool
	// UsefulReplicas is the most replicas that the source has work for, such as the partitions of a topic that have
	// messages: at most 2147483647. The metric then recommends no more. 0 if there is no such limit.
	UsefulReplicas int
	// Active reports whether the source has work, if it says so itself. Replaces the comparison with activationValue:
	// true starts the target at 0 replicas, false starts nothing and counts as idle. Nil if the value decides.
	Active *bool
}

// Point is one value of the past.
type Point struct {
	At    time.Time
	Value float64
}

// Window is the times of a history: Start, then every Step up to End, both included.
type Window struct {
	Start, End time.Time
	Step       time.Duration
}

// Times returns every time of the window.
func (w Window) Times() []time.Time {
	var times []time.Time
	for at := w.Start; !at.After(w.End); at = at.Add(w.Step) {
		times = append(times, at)
	}
	return times
}

// Problem is one fault of a config: the path of the field, such as "tls.ca", and what is wrong with it.
type Problem struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// Secret is a password, a token or a key. It prints as "***"; only Reveal returns the text.
type Secret struct{ text string }

// NewSecret returns a secret with the text, for tests.
func NewSecret(text string) Secret { return Secret{text} }

// Reveal returns the text. Use it only to send the secret to the source.
func (s Secret) Reveal() string { return s.text }

// String returns "***".
func (Secret) String() string { return mask }

// GoString returns "***".
func (Secret) GoString() string { return mask }

// MarshalText returns "***".
func (Secret) MarshalText() ([]byte, error) { return []byte(mask), nil }
