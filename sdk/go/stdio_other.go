//go:build !linux

package plugin

import "syscall"

func replaceDescriptor(from, to int) error { return syscall.Dup2(from, to) }
