package plugin

import (
	"os"
	"syscall"
)

// takeStandardStreams keeps standard input and output for the protocol: descriptor 0 becomes empty, and what is written to
// descriptor 1 goes to standard error.
func takeStandardStreams() (input, output *os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := syscall.Dup(0)
	if err != nil {
		return nil, nil, err
	}
	out, err := syscall.Dup(1)
	if err != nil {
		return nil, nil, err
	}
	syscall.CloseOnExec(in)
	syscall.CloseOnExec(out)
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := replaceDescriptor(int(null.Fd()), 0); err != nil {
		return nil, nil, err
	}
	if err := replaceDescriptor(2, 1); err != nil {
		return nil, nil, err
	}
	return os.NewFile(uintptr(in), "host"), os.NewFile(uintptr(out), "host"), nil
}
