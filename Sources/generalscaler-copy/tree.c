#define _GNU_SOURCE
#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    CHUNK_BYTES = 1 << 18,
    PERMISSIONS = S_IRWXU | S_IRWXG | S_IRWXO,
};

/// The first copy of a file with several names.
struct linked_file {
    dev_t device;
    ino_t inode;
    /// Relative to the target.
    char *path;
};

static struct {
    int mount, target_root;
    struct stat target;
    long long byte_limit, bytes_left;
    int entries;
    struct linked_file linked[MAX_HARD_LINKED_FILES];
    size_t linked_count;
    /// The path of the entry that is being copied, relative to the source and the target.
    char path[PATH_MAX];
} copy;

static void copy_entries(int source, int target, size_t depth, size_t path_size);

int mount_of(int descriptor) {
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", descriptor);
    FILE *file = fopen(path, "re");
    if (file == NULL) fail("%s: %s", path, strerror(errno));
    int mount = -1;
    while (mount < 0 && fgets(line, sizeof line, file) != NULL) sscanf(line, "mnt_id: %d", &mount);
    fclose(file);
    if (mount < 0) fail("%s: has no mnt_id, so mounts cannot be told from the image", path);
    return mount;
}

__attribute__((noreturn)) static void fail_here(const char *reason) { fail("/%s: %s", copy.path, reason); }

__attribute__((noreturn)) static void cannot_read(void) {
    if (errno != EACCES && errno != EPERM) fail_here(strerror(errno));
    fail("/%s: cannot be read by user %u, as which the operator runs: make it readable in the image (chmod a+rX), or "
         "copy a directory without it",
         copy.path, getuid());
}

static void charge(long long bytes) {
    if (bytes > copy.bytes_left)
        fail("/%s: the copy would take up more than %lld bytes: raise the size limit, or copy a directory that holds "
             "the plugin alone",
             copy.path, copy.byte_limit);
    copy.bytes_left -= bytes;
}

/// Returns false if no other name of the file has been copied.
static bool link_to_copy(const struct stat *status, int target, const char *name) {
    for (size_t i = 0; i < copy.linked_count; i++) {
        const struct linked_file *file = &copy.linked[i];
        if (file->device != status->st_dev || file->inode != status->st_ino) continue;
        if (linkat(copy.target_root, file->path, target, name, 0) != 0) fail_here(strerror(errno));
        return true;
    }
    if (copy.linked_count == MAX_HARD_LINKED_FILES)
        fail("there are more than %d files with several names", MAX_HARD_LINKED_FILES);
    struct linked_file file = {.device = status->st_dev, .inode = status->st_ino, .path = strdup(copy.path)};
    if (file.path == NULL) fail_here(strerror(errno));
    copy.linked[copy.linked_count++] = file;
    return false;
}

static void copy_bytes(int input, int output, long long expected) {
    static char chunk[CHUNK_BYTES];
    long long total = 0;
    for (ssize_t size; (size = read(input, chunk, sizeof chunk)) != 0;) {
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) fail_here(strerror(errno));
        total += size;
        if (total > expected) break;
        for (ssize_t written = 0; written < size;) {
            ssize_t step = write(output, chunk + written, (size_t)(size - written));
            if (step < 0 && errno != EINTR) fail_here(strerror(errno));
            if (step > 0) written += step;
        }
    }
    if (total != expected) fail_here("its size changed while it was copied");
}

static void copy_file(int entry, const struct stat *status, int target, const char *name) {
    if (status->st_nlink > 1 && link_to_copy(status, target, name)) return;
    charge(status->st_size);
    charge((BLOCK_BYTES - status->st_size % BLOCK_BYTES) % BLOCK_BYTES);
    char path[64];
    // The same file whose status was read.
    snprintf(path, sizeof path, "/proc/self/fd/%d", entry);
    int input = open(path, O_RDONLY | O_CLOEXEC);
    if (input < 0) cannot_read();
    int output = openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (output < 0) fail_here(strerror(errno));
    copy_bytes(input, output, status->st_size);
    // Python compares the source's time with the time in the compiled file.
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, status->st_mtim};
    if (fchmod(output, status->st_mode & PERMISSIONS) != 0 || futimens(output, times) != 0) fail_here(strerror(errno));
    // Some file systems report only here that they are full.
    if (close(output) != 0) fail_here(strerror(errno));
    close(input);
}

static void copy_link(int entry, int target, const char *name, size_t depth) {
    static char text[PATH_MAX];
    ssize_t size = readlinkat(entry, "", text, sizeof text - 1);
    if (size < 0) fail_here(strerror(errno));
    if ((size_t)size == sizeof text - 1) fail_here(strerror(ENAMETOOLONG));
    text[size] = '\0';
    const char *problem = link_problem(text, depth);
    if (problem != NULL) fail("/%s -> %s: %s", copy.path, text, problem);
    if (symlinkat(text, target, name) != 0) fail_here(strerror(errno));
}

static void copy_directory(
    int entry, const struct stat *status, int target, const char *name, size_t depth, size_t path_size) {
    if (depth == MAX_DEPTH) fail("/%s: is more than %d directories deep", copy.path, MAX_DEPTH);
    if (status->st_dev == copy.target.st_dev && status->st_ino == copy.target.st_ino)
        fail_here("is where the copy goes: copy another directory, or into another one");
    int source = openat(entry, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) cannot_read();
    if (mkdirat(target, name, S_IRWXU) != 0) fail_here(strerror(errno));
    int child = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0) fail_here(strerror(errno));
    copy_entries(source, child, depth + 1, path_size);
    // Set last, since the mode may forbid writing.
    if (fchmod(child, status->st_mode & PERMISSIONS) != 0) fail_here(strerror(errno));
    close(child);
    close(source);
}

static void copy_entry(int source, int target, const char *name, size_t depth, size_t path_size) {
    int entry = openat(source, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (entry < 0 || fstat(entry, &status) != 0) fail_here(strerror(errno));
    if (mount_of(entry) == copy.mount) {
        if (++copy.entries > MAX_ENTRIES)
            fail("there are more than %d files: copy a directory that holds the plugin alone", MAX_ENTRIES);
        if (!S_ISREG(status.st_mode)) charge(BLOCK_BYTES);
        if (S_ISDIR(status.st_mode)) copy_directory(entry, &status, target, name, depth, path_size);
        else if (S_ISREG(status.st_mode)) copy_file(entry, &status, target, name);
        else if (S_ISLNK(status.st_mode)) copy_link(entry, target, name, depth);
        else fail_here("is neither a file nor a directory nor a link: remove it from the image");
    }
    close(entry);
}

/// - Parameters:
///   - depth: the depth of this directory below the first.
///   - path_size: the length of its path at the start of `copy.path`.
static void copy_entries(int source, int target, size_t depth, size_t path_size) {
    int descriptor = fcntl(source, F_DUPFD_CLOEXEC, 0);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (stream == NULL) fail_here(strerror(errno));
    struct dirent *entry;
    for (errno = 0; (entry = readdir(stream)) != NULL; errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        const char *slash = path_size > 0 ? "/" : "";
        int size = snprintf(copy.path + path_size, sizeof copy.path - path_size, "%s%s", slash, entry->d_name);
        if (path_size + (size_t)size >= sizeof copy.path) fail_here(strerror(ENAMETOOLONG));
        copy_entry(source, target, entry->d_name, depth, path_size + (size_t)size);
        copy.path[path_size] = '\0';
    }
    if (errno != 0) fail_here(strerror(errno));
    closedir(stream);
}

void copy_tree(int source, int target, long long byte_limit) {
    copy.mount = mount_of(source);
    copy.target_root = target;
    copy.byte_limit = copy.bytes_left = byte_limit;
    if (fstat(target, &copy.target) != 0) fail("%s", strerror(errno));
    copy_entries(source, target, 0, 0);
}
