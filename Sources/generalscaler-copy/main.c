// Copies a plugin out of its image, which may have neither a shell nor cp, into a volume that the operator mounts.
// Linked statically: an init container runs it in the plugin's image.
//
//     generalscaler-copy [--size-limit QUANTITY] ROOT DIRECTORY TARGET
//
//     ROOT         the root of the image, "/" in a container
//     DIRECTORY    the path in the image of the directory to copy; no link and no mount
//     TARGET       the directory to copy into; its content is removed first
//     QUANTITY     the maximum size of the copy, as a Kubernetes quantity such as 256Mi
#define _GNU_SOURCE
#include "copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "removal.h"

enum { MAX_MESSAGE_BYTES = 2 * PATH_MAX + 512 };

static const long long largest_limit = 1LL << 60;

void fail(const char *format, ...) {
    static char message[MAX_MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    // File names of an image may contain any character.
    for (char *byte = message; *byte != '\0'; byte++)
        if ((unsigned char)*byte < ' ' || *byte == '\x7f') *byte = '?';
    fprintf(stderr, "generalscaler-copy: %s\n", message);
    exit(EXIT_FAILURE);
}

/// Returns the number of bytes of a Kubernetes quantity.
static long long bytes_of(const char *text) {
    static const struct {
        const char *suffix;
        double factor;
    } units[] = {{"", 1},        {"m", 1e-3},    {"k", 1e3},     {"M", 1e6},     {"G", 1e9},
                 {"T", 1e12},    {"P", 1e15},    {"E", 1e18},    {"Ki", 0x1p10}, {"Mi", 0x1p20},
                 {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};
    size_t digits = strspn(text, "0123456789.");
    char *end;
    double number = strtod(text, &end);
    for (size_t i = 0; digits > 0 && end == text + digits && i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].suffix) != 0) continue;
        double bytes = number * units[i].factor;
        return bytes < (double)largest_limit ? (long long)bytes : largest_limit;
    }
    fail("--size-limit: \"%s\" is not a quantity such as 256Mi", text);
}

/// Opens a directory in the image without following links, which could lead to mounts of the container.
static int open_source(const char *root, const char *directory) {
    if (directory[0] != '/') fail("%s: write the directory as an absolute path in the image", directory);
    int current = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (current < 0) fail("%s: %s", root, strerror(errno));
    int mount = mount_of(current);
    char name[NAME_MAX + 1];
    for (const char *part = directory + strspn(directory, "/"); *part != '\0'; part += strspn(part, "/")) {
        size_t size = strcspn(part, "/");
        if (size > NAME_MAX) fail("%s: %s", directory, strerror(ENAMETOOLONG));
        memcpy(name, part, size);
        name[size] = '\0';
        part += size;
        if (strcmp(name, ".") == 0) continue;
        if (strcmp(name, "..") == 0) fail("%s: write the directory without \"..\"", directory);
        int next = openat(current, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;
        if (next < 0 || fstat(next, &status) != 0)
            fail("%s: %s: set the directory to the one of the image that holds the plugin", directory, strerror(errno));
        if (S_ISLNK(status.st_mode)) fail("%s: %s is a link: name the directory that it leads to", directory, name);
        if (!S_ISDIR(status.st_mode)) fail("%s: %s is not a directory", directory, name);
        if (mount_of(next) != mount) fail("%s: %s is a mount, which is no part of the image", directory, name);
        close(current);
        current = next;
    }
    int source = openat(current, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source < 0) fail("%s: %s", directory, strerror(errno));
    close(current);
    return source;
}

/// Opens the target and removes the content that an earlier run left.
static int open_target(const char *path) {
    int target = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int descriptor = target < 0 ? -1 : fcntl(target, F_DUPFD_CLOEXEC, 0);
    DIR *stream = descriptor < 0 ? NULL : fdopendir(descriptor);
    if (stream == NULL) fail("%s: %s", path, strerror(errno));
    struct dirent *entry;
    while ((entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
        if (clinux_remove_tree(target, entry->d_name) != 0)
            fail("%s: %s cannot be removed: %s", path, entry->d_name, strerror(errno));
        rewinddir(stream);
    }
    closedir(stream);
    return target;
}

int main(int argc, char **argv) {
    long long byte_limit = largest_limit;
    char **arguments = argv + 1;
    int count = argc - 1;
    if (count >= 2 && strcmp(arguments[0], "--size-limit") == 0) {
        byte_limit = bytes_of(arguments[1]);
        arguments += 2;
        count -= 2;
    }
    if (count != 3) fail("use it as generalscaler-copy [--size-limit QUANTITY] ROOT DIRECTORY TARGET");
    umask(0);
    int source = open_source(arguments[0], arguments[1]);
    copy_tree(source, open_target(arguments[2]), byte_limit);
    return EXIT_SUCCESS;
}
