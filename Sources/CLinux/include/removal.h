#pragma once

/// Removes an entry of an open directory and all that is below it, by descriptors only: no link is followed, and no
/// other file system is entered. Modes do not stand in the way. Returns 0, or -1 with the errno of what failed first;
/// what could be removed is.
int clinux_remove_tree(int parent, const char *name);

/// The bytes that the files of a directory tree take up on disk; each entry counts as at least one block of 4 KiB. No
/// link is followed, and no other file system is entered. Stops at `most`. Returns -1 with errno.
long long clinux_tree_bytes(const char *path, long long most);

/// The bytes on the file system of `path` of files that no longer have a name and that the process holds open or
/// mapped; what cannot be read counts as 0. `seen` holds the inodes counted so far, of `capacity` at most.
long long clinux_nameless_bytes(int process, const char *path, unsigned long long *seen, int *seen_count, int capacity);
