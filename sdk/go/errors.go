package plugin

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"time"
)

// Kind is the kind of an Error.
type Kind string

// The kinds of errors of the plugin protocol.
const (
	UnsupportedVersion Kind = "unsupported_version"
	ConfigInvalid      Kind = "config_invalid"
	AuthFailed         Kind = "auth_failed"
	SourceUnreachable  Kind = "source_unreachable"
	NotFound           Kind = "not_found"
	RateLimited        Kind = "rate_limited"
	NoData             Kind = "no_data"
	DeadlineExceeded   Kind = "deadline_exceeded"
	Busy               Kind = "busy"
	Cancelled          Kind = "cancelled"
	CannotSubscribe    Kind = "cannot_subscribe"
	ParseError         Kind = "parse_error"
	InvalidRequest     Kind = "invalid_request"
	MethodNotFound     Kind = "method_not_found"
	InvalidParams      Kind = "invalid_params"
	InternalError      Kind = "internal_error"
)

var kinds = map[Kind]struct {
	code      int
	retryable bool
}{
	UnsupportedVersion: {1000, false}, ConfigInvalid: {1001, false}, AuthFailed: {1002, false},
	SourceUnreachable: {1003, true}, NotFound: {1004, false}, RateLimited: {1005, true}, NoData: {1006, true},
	DeadlineExceeded: {1007, true}, Busy: {1008, true}, Cancelled: {1009, false}, CannotSubscribe: {1010, false},
	ParseError: {-32700, false}, InvalidRequest: {-32600, false}, MethodNotFound: {-32601, false},
	InvalidParams: {-32602, false}, InternalError: {-32603, true},
}

// Error is an error that a plugin answers in place of a value.
type Error struct {
	Kind Kind
	// Message says what happened, where, and what to do next. It must not contain a secret; the SDK redacts the config's secrets.
	Message string
	// Path is the config field at fault, such as "tls.ca".
	Path string
	// RetryAfter is the time to wait before the next try, if the source said so.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return string(e.Kind) + ": " + e.Message }

func newError(kind Kind, message string) *Error { return &Error{Kind: kind, Message: message} }

func (e *Error) object() map[string]any {
	kind, known := kinds[e.Kind]
	name := e.Kind
	if !known {
		kind, name = kinds[InternalError], InternalError
	}
	data := map[string]any{"kind": name, "retryable": kind.retryable}
	if e.RetryAfter > 0 {
		data["retryAfterMs"] = e.RetryAfter.Milliseconds()
	}
	if e.Path != "" {
		data["path"] = e.Path
	}
	return map[string]any{"code": kind.code, "message": e.Message, "data": data}
}

// asError returns the error that the host sees for an error of the plugin's code.
func asError(err error) *Error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	var invalid problems
	if errors.As(err, &invalid) {
		return &Error{Kind: ConfigInvalid, Message: invalid.Error(), Path: invalid[0].Path}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return newError(DeadlineExceeded, "no answer by the deadline")
	}
	if errors.Is(err, context.Canceled) {
		return newError(Cancelled, "the host cancelled the call")
	}
	var network net.Error
	var path *os.PathError
	if errors.As(err, &network) || errors.As(err, &path) {
		return newError(SourceUnreachable, err.Error())
	}
	return newError(InternalError, err.Error())
}

// problems is all faults of a config.
type problems []Problem

func (p problems) Error() string {
	texts := make([]string, len(p))
	for i, problem := range p {
		texts[i] = problem.Message
		if problem.Path != "" {
			texts[i] = problem.Path + ": " + problem.Message
		}
	}
	return strings.Join(texts, "; ")
}
