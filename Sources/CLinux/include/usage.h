#pragma once

/// Bytes of memory that a process has to itself, as /proc/PID/status tells: anonymous and shared memory, page tables and
/// what is swapped out. 0 if the process is gone.
long long clinux_memory_bytes(int process);

/// The process's proportional share of its anonymous and shared memory, as /proc/PID/smaps_rollup tells; -1 where that
/// cannot be read.
long long clinux_proportional_bytes(int process);

/// Bytes and inodes that the file system of `path` has left for those who are not root. Returns 0, or -1 with errno.
int clinux_space_left(const char *path, unsigned long long *bytes, unsigned long long *inodes);

