#define _GNU_SOURCE
#include "mounts.h"

#include <sys/statvfs.h>

_Bool clinux_is_noexec(const char *path) {
    struct statvfs system;
    return statvfs(path, &system) == 0 && (system.f_flag & ST_NOEXEC) != 0;
}
