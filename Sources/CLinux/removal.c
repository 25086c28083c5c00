#define _GNU_SOURCE
#include "removal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
    /// Maximum number of open levels. A deeper directory is moved up first.
    MAX_LEVELS = 8,
    LEAST_ENTRY_BYTES = 4096,
    BLOCK_BYTES = 512,
};

struct removal {
    dev_t device;
    int root;
    unsigned long moved;
    int error;
};

static void note(struct removal *removal, int error) {
    if (removal->error == 0) removal->error = error;
}

/// Makes a directory searchable and writable, and opens it for reading. Returns -1 with errno on failure.
static int open_directory(int parent, const char *name) {
    int place = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) return -1;
    struct stat status;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", place);
    if (fstat(place, &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU) chmod(path, S_IRWXU);
    int directory = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = errno;
    close(place);
    errno = error;
    return directory;
}

static bool remove_entries(struct removal *removal, int directory, int level);

/// Returns whether the entry was removed from its place.
static bool remove_entry(struct removal *removal, int directory, const char *name, int level) {
    if (unlinkat(directory, name, 0) == 0 || errno == ENOENT) return true;
    if (errno != EISDIR && errno != EPERM) {
        note(removal, errno);
        return false;
    }
    int child = open_directory(directory, name);
    if (child < 0) {
        note(removal, errno);
        return false;
    }
    struct stat status;
    bool is_gone = false;
    if (fstat(child, &status) != 0) {
        note(removal, errno);
    } else if (status.st_dev != removal->device) {
        note(removal, EXDEV);
    } else if (level == MAX_LEVELS) {
        char moved[64];
        snprintf(moved, sizeof moved, "moved-%lu", removal->moved++);
        is_gone = renameat(directory, name, removal->root, moved) == 0;
        if (!is_gone) note(removal, errno);
    } else if (remove_entries(removal, child, level + 1)) {
        is_gone = unlinkat(directory, name, AT_REMOVEDIR) == 0;
        if (!is_gone) note(removal, errno);
    }
    close(child);
    return is_gone;
}

/// Returns whether the directory is then empty.
static bool remove_entries(struct removal *removal, int directory, int level) {
    int copy = fcntl(directory, F_DUPFD_CLOEXEC, 0);
    DIR *stream = copy < 0 ? NULL : fdopendir(copy);
    if (stream == NULL) {
        note(removal, errno);
        if (copy >= 0) close(copy);
        return false;
    }
    bool is_empty = false, has_progressed = true;
    // Removed entries may hide others from the same pass, and moved directories appear in the root.
    while (!is_empty && has_progressed) {
        is_empty = true;
        has_progressed = false;
        rewinddir(stream);
        for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
            if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
            is_empty = false;
            if (remove_entry(removal, directory, entry->d_name, level)) has_progressed = true;
        }
    }
    closedir(stream);
    return is_empty;
}

int clinux_remove_tree(int parent, const char *name) {
    int root = open_directory(parent, name);
    if (root < 0) {
        if (errno == ENOTDIR || errno == ELOOP) return unlinkat(parent, name, 0);
        return errno == ENOENT ? 0 : -1;
    }
    struct stat status;
    struct removal removal = {.root = root};
    if (fstat(root, &status) != 0) {
        note(&removal, errno);
    } else {
        removal.device = status.st_dev;
        if (remove_entries(&removal, root, 1)) {
            removal.error = 0;
            if (unlinkat(parent, name, AT_REMOVEDIR) != 0) note(&removal, errno);
        } else {
            note(&removal, ENOTEMPTY);
        }
    }
    close(root);
    errno = removal.error;
    return removal.error == 0 ? 0 : -1;
}

// MARK: Sizes

/// Descends as far as descriptors allow: of deeper directories, only the entry itself counts.
static long long entries_bytes(int directory, dev_t device, long long most, int level) {
    enum { MAX_COUNTED_LEVELS = 32 };
    DIR *stream = fdopendir(directory);
    if (stream == NULL) {
        close(directory);
        return 0;
    }
    long long sum = 0;
    for (struct dirent *entry; sum < most && (entry = readdir(stream)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        struct stat status;
        if (fstatat(dirfd(stream), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        long long bytes = (long long)status.st_blocks * BLOCK_BYTES;
        sum += bytes < LEAST_ENTRY_BYTES ? LEAST_ENTRY_BYTES : bytes;
        if (!S_ISDIR(status.st_mode) || status.st_dev != device || level == MAX_COUNTED_LEVELS) continue;
        int child = openat(dirfd(stream), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0) sum += entries_bytes(child, device, most - sum, level + 1);
    }
    closedir(stream);
    return sum;
}

long long clinux_tree_bytes(const char *path, long long most) {
    int root = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0) return -1;
    struct stat status;
    if (fstat(root, &status) != 0) {
        close(root);
        return -1;
    }
    return entries_bytes(root, status.st_dev, most, 1);
}

struct inodes {
    unsigned long long *seen;
    int *count;
    int capacity;
};

/// Returns false if the inode was already recorded, or the array is full.
static bool remember(struct inodes *inodes, unsigned long long inode) {
    for (int i = 0; i < *inodes->count; i++)
        if (inodes->seen[i] == inode) return false;
    if (*inodes->count == inodes->capacity) return false;
    inodes->seen[(*inodes->count)++] = inode;
    return true;
}

static long long open_bytes(int process, dev_t device, struct inodes *inodes) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd", process);
    DIR *stream = opendir(path);
    if (stream == NULL) return 0;
    long long sum = 0;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        struct stat status;
        if (fstatat(dirfd(stream), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode)) continue;
        if (status.st_nlink == 0 && status.st_dev == device && remember(inodes, status.st_ino))
            sum += (long long)status.st_blocks * BLOCK_BYTES;
    }
    closedir(stream);
    return sum;
}

static long long mapped_bytes(int process, dev_t device, struct inodes *inodes) {
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%d/maps", process);
    FILE *file = fopen(path, "re");
    if (file == NULL) return 0;
    long long sum = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        unsigned long long start, end, inode;
        unsigned int major_number, minor_number;
        if (strstr(line, " (deleted)") == NULL) continue;
        if (sscanf(line, "%llx-%llx %*s %*x %x:%x %llu", &start, &end, &major_number, &minor_number, &inode) != 5)
            continue;
        if (makedev(major_number, minor_number) == device && remember(inodes, inode)) sum += (long long)(end - start);
    }
    fclose(file);
    return sum;
}

long long clinux_nameless_bytes(int process, const char *path, unsigned long long *seen, int *seen_count, int capacity) {
    struct stat status;
    if (stat(path, &status) != 0) return 0;
    struct inodes inodes = {.seen = seen, .count = seen_count, .capacity = capacity};
    long long sum = open_bytes(process, status.st_dev, &inodes);
    return sum + mapped_bytes(process, status.st_dev, &inodes);
}
