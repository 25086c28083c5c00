#pragma once

/// Returns the memory of a process in bytes, from /proc/PID/status: anonymous and shared memory, page tables and swap.
/// 0 if the process has exited.
long long clinux_memory_bytes(int process);

/// Returns the process's proportional share of its anonymous and shared memory, from /proc/PID/smaps_rollup; -1 if it
/// is unreadable.
long long clinux_proportional_bytes(int process);

/// Reads the bytes and inodes that non-root users have left on the file system of `path`. Returns 0, or -1 with errno.
int clinux_space_left(const char *path, unsigned long long *bytes, unsigned long long *inodes);

