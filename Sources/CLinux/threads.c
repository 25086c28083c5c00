#define _GNU_SOURCE
#include "threads.h"

#include <sched.h>
#include <sys/prctl.h>

void clinux_name_thread(const char *name) {
    prctl(PR_SET_NAME, name);
}

int clinux_allowed_cores(int *cores, int most) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return -1;
    int count = 0;
    for (int core = 0; core < CPU_SETSIZE && count < most; core++)
        if (CPU_ISSET(core, &set)) cores[count++] = core;
    return count;
}

int clinux_confine_thread(pid_t thread, const int *cores, int count) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int index = 0; index < count; index++) CPU_SET(cores[index], &set);
    return sched_setaffinity(thread, sizeof set, &set);
}
