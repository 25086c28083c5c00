package plugin

import (
	"context"
	"encoding/json"
	"sync"
	"time"
)

const (
	pushSpacing        = 50 * time.Millisecond
	maxPushesPerSecond = 2_000
)

func (s *session) runSubscription(ctx context.Context, c *call) {
	readings := make(chan Reading)
	ended := make(chan error, 1)
	go func() {
		_, err := safely(&s.failures, c.known, func() (struct{}, error) { return struct{}{}, s.plugin.subscribe(ctx, c, readings) })
		ended <- err
	}()
	isOpen := false
	for {
		select {
		case reading := <-readings:
			if !isOpen {
				if isOpen = s.open(c); !isOpen {
					c.cancel()
					continue
				}
			}
			if result, err := reading.object(); err == nil {
				s.outbox.put(c, result)
			}
		case err := <-ended:
			s.endSubscription(c, err, isOpen)
			return
		case <-ctx.Done():
			s.take(c)
			go drain(readings, ended)
			return
		}
	}
}

// drain lets a subscription's code return even if it sends without checking its context.
func drain(readings <-chan Reading, ended <-chan error) {
	for {
		select {
		case <-readings:
		case <-ended:
			return
		}
	}
}

// open answers the subscription. It returns false if the subscription was already answered.
func (s *session) open(c *call) bool {
	if !s.take(c) {
		return false
	}
	id := subscriptionOf(c)
	s.mutex.Lock()
	s.subscriptions[id] = c
	s.mutex.Unlock()
	s.reply(c.id, map[string]any{}, nil)
	return true
}

func (s *session) endSubscription(c *call, err error, isOpen bool) {
	failure := newError(CannotSubscribe, "the plugin has no further readings")
	if err != nil {
		failure = asError(err)
	}
	if !isOpen {
		s.fail(c, failure)
		return
	}
	s.outbox.flush(c)
	s.mutex.Lock()
	isKnown := s.subscriptions[subscriptionOf(c)] == c
	if isKnown {
		delete(s.subscriptions, subscriptionOf(c))
	}
	s.mutex.Unlock()
	if isKnown {
		params := map[string]any{"subscription": c.id, "message": oneLine(redact(failure.Message, c.secrets))}
		s.send(map[string]any{"jsonrpc": "2.0", "method": "subscription_ended", "params": params})
	}
}

// sendReading writes a reading, unless the subscription has ended.
func (s *session) sendReading(c *call, reading map[string]any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.subscriptions[subscriptionOf(c)] != c {
		return
	}
	params := map[string]any{"subscription": c.id}
	for name, value := range reading {
		if text, ok := value.(string); ok && (name == "detail" || name == "unit") {
			value = redact(text, c.secrets)
		}
		params[name] = value
	}
	s.send(map[string]any{"jsonrpc": "2.0", "method": "reading", "params": params})
}

func subscriptionOf(c *call) int64 {
	number, _ := c.id.(json.Number)
	id, _ := wholeNumber(number)
	return id
}

// outbox holds readings that wait to be sent: the newest of each subscription, within the protocol's rates.
type outbox struct {
	mutex   sync.Mutex
	send    func(*call, map[string]any)
	waiting map[*call]map[string]any
	next    map[*call]time.Time
	timer   *time.Timer
	second  time.Time
	sent    int
}

func newOutbox(send func(*call, map[string]any)) *outbox {
	return &outbox{send: send, waiting: map[*call]map[string]any{}, next: map[*call]time.Time{}}
}

// put adds a reading and replaces one that has not been sent.
func (o *outbox) put(c *call, reading map[string]any) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.waiting[c] = reading
	o.sendDue()
}

func (o *outbox) remove(c *call) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	delete(o.waiting, c)
	delete(o.next, c)
}

// flush sends the waiting reading of a subscription that ends.
func (o *outbox) flush(c *call) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if reading, ok := o.waiting[c]; ok {
		o.send(c, reading)
	}
	delete(o.waiting, c)
	delete(o.next, c)
}

func (o *outbox) sendDue() {
	now := time.Now()
	if now.Sub(o.second) >= time.Second {
		o.second, o.sent = now, 0
	}
	wait := time.Duration(-1)
	for c, reading := range o.waiting {
		due := o.next[c].Sub(now)
		if due <= 0 && o.sent >= maxPushesPerSecond {
			due = o.second.Add(time.Second).Sub(now)
		}
		if due > 0 {
			if wait < 0 || due < wait {
				wait = due
			}
			continue
		}
		o.sent++
		o.next[c] = now.Add(pushSpacing)
		delete(o.waiting, c)
		o.send(c, reading)
	}
	if o.timer != nil {
		o.timer.Stop()
	}
	if wait >= 0 {
		o.timer = time.AfterFunc(wait, func() {
			o.mutex.Lock()
			defer o.mutex.Unlock()
			o.sendDue()
		})
	}
}
