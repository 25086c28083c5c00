package plugin

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// The processes that are killed may start others during a scan.
const maxScans = 8

// killDescendants kills the processes that this one started, and those that they started, before it exits. Only Linux has
// /proc.
func killDescendants() {
	for i := 0; i < maxScans; i++ {
		running := descendants()
		if len(running) == 0 {
			return
		}
		for _, id := range running {
			// A process that has exited is no error.
			_ = syscall.Kill(id, syscall.SIGKILL)
		}
	}
}

// descendants returns the processes that have not exited.
func descendants() []int {
	children, ended := map[int][]int{}, map[int]bool{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		id, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		state, parent := stateOf(id)
		children[parent] = append(children[parent], id)
		ended[id] = state == "Z"
	}
	var running []int
	for found := children[os.Getpid()]; len(found) > 0; found = found[1:] {
		if !ended[found[0]] {
			running = append(running, found[0])
		}
		found = append(found, children[found[0]]...)
	}
	return running
}

// stateOf returns the state and the parent of a process, as in proc_pid_stat(5). The name before them may contain blanks.
func stateOf(id int) (state string, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", id))
	if err != nil {
		return "", 0
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(string(fields[1]))
	return string(fields[0]), parent
}
