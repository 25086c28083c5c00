#pragma once

#include <stddef.h>

enum {
    /// Maximum depth of directories. Each open directory uses three descriptors.
    MAX_DEPTH = 100,
    /// Maximum number of files, directories and links.
    MAX_ENTRIES = 250000,
    /// Maximum number of files with more than one name.
    MAX_HARD_LINKED_FILES = 4096,
    /// Size of a file system's block, the minimum that a file uses.
    BLOCK_BYTES = 4096,
};

/// Prints a printf-style message with the program's name and without control characters, and exits with status 1.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/// Copies the content of a directory into an empty one: files, directories, symbolic and hard links, with permissions
/// and the times of files, without set-user-ID, set-group-ID and sticky bits. Follows no links, and omits other mounts
/// below the directory.
///
/// Fails for links that lead out of the directory, for other types of files, and above the limits.
///
/// - Parameters:
///   - source: the directory, open for reading.
///   - target: the empty directory.
///   - byte_limit: the maximum size of the copy on disk.
void copy_tree(int source, int target, long long byte_limit);

/// Returns the id of the mount that contains an open file.
int mount_of(int descriptor);

/// Returns the reason why a symbolic link may not be copied, with the fix; NULL if it may be copied.
///
/// - Parameters:
///   - text: the link's target.
///   - depth: the number of directories between the copied one and the link.
const char *link_problem(const char *text, size_t depth);
