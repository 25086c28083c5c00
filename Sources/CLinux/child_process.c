#define _GNU_SOURCE
#include "child_process.h"

#include <signal.h>
#include <spawn.h>

int clinux_spawn(int *process, const char *path, char *const arguments[], char *const environment[], int input,
                 int output, int errors) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int code = posix_spawn_file_actions_init(&actions);
    if (code != 0) return code;
    code = posix_spawnattr_init(&attributes);
    if (code == 0) {
        int streams[] = {input, output, errors};
        for (int number = 0; number < 3 && code == 0; number++) {
            code = posix_spawn_file_actions_adddup2(&actions, streams[number], number);
        }
        if (code == 0) code = posix_spawn_file_actions_addclosefrom_np(&actions, 3);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setflags(&attributes,
                                 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
        if (code == 0) code = posix_spawn(process, path, &actions, &attributes, arguments, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return code;
}
