#pragma once

/// Removes an entry of an open directory recursively, by descriptors only: follows no links and enters no other file
/// system. Changes modes where necessary. Continues after a failure; returns 0, or -1 with the errno of the first
/// failure.
int clinux_remove_tree(int parent, const char *name);

/// Returns the bytes that a directory tree uses on disk; each entry counts as at least one block of 4 KiB. Follows no
/// links and enters no other file system. Stops at `most`. Returns -1 with errno on failure.
long long clinux_tree_bytes(const char *path, long long most);

/// Returns the bytes of deleted files on the file system of `path` that the process has open or mapped; unreadable
/// entries count as 0. `seen` contains the inodes counted so far, at most `capacity`.
long long clinux_nameless_bytes(int process, const char *path, unsigned long long *seen, int *seen_count, int capacity);
