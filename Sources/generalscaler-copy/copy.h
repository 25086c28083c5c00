#pragma once

#include <stddef.h>

enum {
    /// The directories below each other that a plugin may have. Each one that is open takes three descriptors.
    MAX_DEPTH = 100,
    /// Files, directories and links that a plugin may have.
    MAX_ENTRIES = 250000,
    /// Files with more than one name.
    MAX_HARD_LINKED_FILES = 4096,
    /// A file system's block, which the smallest file takes up.
    BLOCK_BYTES = 4096,
};

/// Prints the message in the manner of printf, after the program's name and without control characters, and exits with
/// status 1.
__attribute__((format(printf, 1, 2), noreturn)) void fail(const char *format, ...);

/// Copies what a directory holds into an empty one: files, directories, symbolic and hard links, with their permissions
/// and the times of files, without set-user-ID, set-group-ID and sticky bits. No link is followed, and what is mounted
/// below the directory is left out.
///
/// Fails at a link that leads out of the directory, at anything that is no file, directory or link, and above the
/// limits.
///
/// - Parameters:
///   - source: the directory, open for reading.
///   - target: the empty directory.
///   - byte_limit: the most that the copy may take up on disk.
void copy_tree(int source, int target, long long byte_limit);

/// Returns the id of the mount that an open file lies in.
int mount_of(int descriptor);

/// Returns why a symbolic link may not be copied, and how to fix that; NULL if it may.
///
/// - Parameters:
///   - text: what the link holds.
///   - depth: the number of directories between the copied one and the link.
const char *link_problem(const char *text, size_t depth);
