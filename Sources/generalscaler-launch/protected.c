// Paths that no plugin may read, even if plugins.yaml lists them: the operator's credentials, its configuration, other
// plugins' directories. Paths are compared by device and inode, so another name, a link or another mount of the same
// directory is the same path. A rule for a directory also opens the mounts below it, so each of these mounts is checked
// like a separate path.
#define _GNU_SOURCE
#include "launch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 256,
    /// Levels of a protected directory whose entries are also protected by their own device and inode, since they may
    /// be mounted elsewhere. Kubernetes puts a token two levels below its directory.
    CONTENT_LEVELS = 2,
    /// Maximum number of recorded entries per protected directory.
    MAX_CONTENTS = 4096,
};

struct identity {
    dev_t device;
    ino_t inode;
};

/// A file or directory, followed by all directories above it.
struct chain {
    struct identity at[MAX_DEPTH];
    size_t count;
};

struct protected {
    const char *path;
    bool exists;
    /// The file at the path; empty if it does not exist.
    struct chain itself;
    /// The directory that contains the path itself, which differs if the path is a link.
    struct chain directory;
    /// Its content, down to CONTENT_LEVELS.
    struct identity *contents;
    size_t content_count;
    /// Whether the path is fixed in the launcher, whose own rules may name it.
    bool is_own;
};

static struct protected *list;
static size_t count;
static struct identity own;
static bool has_own;
static char **mounts;
static size_t mount_count;

static bool same(struct identity a, struct identity b) { return a.device == b.device && a.inode == b.inode; }

static struct identity identify(int descriptor, const char *path) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) fail("%s: %s", path, strerror(errno));
    return (struct identity){.device = status.st_dev, .inode = status.st_ino};
}

static bool is_directory(int descriptor, const char *path) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) fail("%s: %s", path, strerror(errno));
    return S_ISDIR(status.st_mode);
}

/// The path of an open file or directory, without links.
static void find_path(int descriptor, const char *path, char target[PATH_MAX]) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, target, PATH_MAX - 1);
    if (size <= 0 || target[0] != '/') fail("%s: cannot determine its location", path);
    target[size] = '\0';
}

/// The directory that contains an open file.
static int open_directory_of(int descriptor, const char *path) {
    char target[PATH_MAX];
    find_path(descriptor, path, target);
    char *name = strrchr(target, '/');
    *name++ = '\0';
    int directory = open(target[0] == '\0' ? "/" : target, O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat inside;
    struct identity expected = identify(descriptor, path);
    if (directory < 0 || fstatat(directory, name, &inside, AT_SYMLINK_NOFOLLOW) != 0 ||
        !same((struct identity){.device = inside.st_dev, .inode = inside.st_ino}, expected))
        fail("%s: cannot determine its location", path);
    return directory;
}

/// Walks from the open file or directory up to the root.
static void ascend(int descriptor, const char *path, struct chain *chain) {
    chain->count = 0;
    chain->at[chain->count++] = identify(descriptor, path);
    int current = is_directory(descriptor, path) ? fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
                                                 : open_directory_of(descriptor, path);
    if (current < 0) fail("%s: %s", path, strerror(errno));
    for (struct identity here = identify(current, path);;) {
        if (!same(chain->at[chain->count - 1], here)) {
            if (chain->count == MAX_DEPTH) fail("%s: is more than %d directories deep", path, MAX_DEPTH);
            chain->at[chain->count++] = here;
        }
        int above = openat(current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (above < 0) fail("%s: %s", path, strerror(errno));
        close(current);
        current = above;
        struct identity next = identify(current, path);
        if (same(next, here)) break;
        here = next;
    }
    close(current);
}

/// Records the content of a protected directory, except for the process's own directory.
///
/// - Parameter directory: closed here.
static void add_contents(struct protected *entry, int directory, int levels) {
    DIR *entries = fdopendir(directory);
    if (entries == NULL) {
        close(directory);
        return;
    }
    for (struct dirent *item; (item = readdir(entries)) != NULL && entry->content_count < MAX_CONTENTS;) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0) continue;
        struct stat status;
        if (fstatat(directory, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        struct identity identity = {.device = status.st_dev, .inode = status.st_ino};
        if (S_ISLNK(status.st_mode) || (has_own && same(identity, own))) continue;
        entry->contents[entry->content_count++] = identity;
        if (!S_ISDIR(status.st_mode) || levels == 1) continue;
        int below = openat(directory, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (below >= 0) add_contents(entry, below, levels - 1);
    }
    closedir(entries);
}

static void add(const char *path, bool is_own) {
    struct protected *entry = &list[count++];
    *entry = (struct protected){.path = path, .is_own = is_own};
    if (path[0] != '/') fail("--never %s: must be an absolute path", path);
    int itself = open(path, O_PATH | O_CLOEXEC);
    if (itself >= 0) {
        entry->exists = true;
        ascend(itself, path, &entry->itself);
        close(itself);
        int contents = is_own ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (contents >= 0) {
            entry->contents = calloc(MAX_CONTENTS, sizeof *entry->contents);
            if (entry->contents == NULL) fail("%s", strerror(errno));
            add_contents(entry, contents, CONTENT_LEVELS);
        }
    } else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
        fail("--never %s: %s", path, strerror(errno));
    }
    char directory[PATH_MAX];
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/') size--;
    while (size > 1 && path[size - 1] != '/') size--;
    if (size >= sizeof directory) fail("--never %s: %s", path, strerror(ENAMETOOLONG));
    memcpy(directory, path, size);
    directory[size] = '\0';
    int parent = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent < 0) return;
    ascend(parent, directory, &entry->directory);
    close(parent);
}

static void read_mounts(void) {
    FILE *table = setmntent("/proc/self/mounts", "re");
    if (table == NULL) fail("/proc/self/mounts: %s", strerror(errno));
    size_t room = 0;
    for (struct mntent *mount; (mount = getmntent(table)) != NULL;) {
        if (mount_count == room) {
            room = room == 0 ? 64 : room * 2;
            mounts = reallocarray(mounts, room, sizeof *mounts);
            if (mounts == NULL) fail("%s", strerror(errno));
        }
        mounts[mount_count] = strdup(mount->mnt_dir);
        if (mounts[mount_count++] == NULL) fail("%s", strerror(errno));
    }
    endmntent(table);
}

void protect(const struct paths *paths, const char *workspace) {
    list = calloc(paths->count + 1, sizeof *list);
    if (list == NULL) fail("%s", strerror(errno));
    if (workspace != NULL) {
        int descriptor = open(workspace, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (descriptor < 0) fail("--workspace %s: %s", workspace, strerror(errno));
        own = identify(descriptor, workspace);
        has_own = true;
        close(descriptor);
    }
    add("/dev", true);
    for (size_t i = 0; i < paths->count; i++) add(paths->at[i], false);
    read_mounts();
}

static bool contains(const struct chain *chain, struct identity wanted) {
    for (size_t i = 0; i < chain->count; i++)
        if (same(chain->at[i], wanted)) return true;
    return false;
}

static bool holds(const struct protected *entry, struct identity wanted) {
    if (entry->exists && same(entry->itself.at[0], wanted)) return true;
    for (size_t i = 0; i < entry->content_count; i++)
        if (same(entry->contents[i], wanted)) return true;
    return false;
}

/// - Parameter path: the rule's path, as given.
static void refuse_one(int descriptor, const char *path, bool is_own) {
    static const char advice[] =
        "no plugin may read that, and readPaths cannot allow it: move one of them, or take the path out of readPaths";
    struct statfs system;
    if (fstatfs(descriptor, &system) != 0) fail("%s: %s", path, strerror(errno));
    if (!is_own && system.f_type == PROC_SUPER_MAGIC)
        fail("cannot allow %s: it is a part of /proc, and every plugin gets the same part of it", path);
    struct chain chain;
    ascend(descriptor, path, &chain);
    for (size_t i = 0; i < count; i++) {
        const struct protected *entry = &list[i];
        if (is_own && entry->is_own) continue;
        if (contains(&entry->directory, chain.at[0]) || (entry->exists && contains(&entry->itself, chain.at[0])))
            fail("cannot allow %s: it holds %s; %s", path, entry->path, advice);
        for (size_t level = 0; level < chain.count; level++) {
            // The process's own directory is allowed, regardless of its place.
            if (has_own && same(chain.at[level], own)) break;
            if (holds(entry, chain.at[level]))
                fail("cannot allow %s: it is in %s; %s", path, entry->path, advice);
        }
    }
}

void refuse_protected(int descriptor, const char *path, bool is_own) {
    refuse_one(descriptor, path, is_own);
    if (!is_directory(descriptor, path)) return;
    char top[PATH_MAX];
    find_path(descriptor, path, top);
    size_t size = strlen(top);
    for (size_t i = 0; i < mount_count; i++) {
        if (strncmp(mounts[i], top, size) != 0 || mounts[i][size] != '/') continue;
        int mount = open(mounts[i], O_PATH | O_CLOEXEC);
        // A path that the operator cannot access is inaccessible to the plugin too.
        if (mount < 0) continue;
        refuse_one(mount, path, is_own);
        close(mount);
    }
}
