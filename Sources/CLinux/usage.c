#define _GNU_SOURCE
#include "usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { KIBIBYTE = 1024 };

/// Returns the sum of the KiB values of the given keys in a file of /proc, or -1 if there is none.
static long long sum_lines(const char *path, const char *const *keys, size_t count) {
    FILE *file = fopen(path, "re");
    if (file == NULL) return -1;
    char line[256];
    long long sum = -1;
    while (fgets(line, sizeof line, file) != NULL) {
        for (size_t i = 0; i < count; i++) {
            size_t size = strlen(keys[i]);
            unsigned long long value;
            if (strncmp(line, keys[i], size) != 0 || sscanf(line + size, "%llu", &value) != 1) continue;
            sum = (sum < 0 ? 0 : sum) + (long long)value * KIBIBYTE;
        }
    }
    fclose(file);
    return sum;
}

long long clinux_memory_bytes(int process) {
    static const char *const keys[] = {"RssAnon:", "RssShmem:", "VmPTE:", "VmSwap:"};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", process);
    long long sum = sum_lines(path, keys, sizeof keys / sizeof *keys);
    return sum < 0 ? 0 : sum;
}

long long clinux_proportional_bytes(int process) {
    // Pss_Anon and Pss_Shmem exist since Linux 5.4.
    static const char *const keys[] = {"Pss_Anon:", "Pss_Shmem:", "SwapPss:"};
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", process);
    return sum_lines(path, keys, sizeof keys / sizeof *keys);
}

int clinux_space_left(const char *path, unsigned long long *bytes, unsigned long long *inodes) {
    struct statvfs status;
    if (statvfs(path, &status) != 0) return -1;
    *bytes = (unsigned long long)status.f_bavail * status.f_frsize;
    *inodes = status.f_favail;
    return 0;
}
