#define _GNU_SOURCE
#include "sessions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FIRST_CAPACITY = 256,
    LINE_BYTES = 1024,
    PASS_PAUSE_MILLISECONDS = 1,
    EMPTY_PASSES = 2,
    /// Maximum number of passes that only stop processes, before the processes are killed.
    MAX_STOP_PASSES = 64,
};

/// Reads a line of /proc/PID/stat (proc_pid_stat(5)).
static int read_process(int proc, const char *name, struct clinux_process *process) {
    char path[300], line[LINE_BYTES];
    snprintf(path, sizeof path, "%s/stat", name);
    int descriptor = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t size = read(descriptor, line, sizeof line - 1);
    close(descriptor);
    if (size <= 0) return -1;
    line[size] = '\0';
    // The command's name is in parentheses and may contain any character.
    char *rest = strrchr(line, ')');
    char state;
    if (rest == NULL ||
        sscanf(rest + 1,
               " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %d %*d %llu", &state,
               &process->parent, &process->group, &process->session, &process->threads, &process->start) != 6)
        return -1;
    process->id = atoi(name);
    process->is_stopped = state == 'T' || state == 't';
    // If the first thread has exited but others still run, the process is alive.
    process->is_dead = (state == 'Z' || state == 'X') && process->threads <= 1;
    return 0;
}

/// Returns whether a process may belong to one of the sessions; NULL stands for all.
static bool may_belong(const char *name, const int *sessions, int session_count) {
    if (sessions == NULL) return true;
    int session = getsid(atoi(name));
    // A security module may refuse the call; the line of /proc then tells.
    if (session < 0) return errno != ESRCH;
    for (int i = 0; i < session_count; i++)
        if (sessions[i] == session) return true;
    return false;
}

int clinux_processes(const int *sessions, int session_count, struct clinux_process **list) {
    *list = NULL;
    DIR *directory = opendir("/proc");
    if (directory == NULL) return -1;
    int count = 0, capacity = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        if (!may_belong(entry->d_name, sessions, session_count)) continue;
        if (count == capacity) {
            capacity = capacity == 0 ? FIRST_CAPACITY : 2 * capacity;
            void *larger = realloc(*list, (size_t)capacity * sizeof **list);
            if (larger == NULL) {
                free(*list);
                *list = NULL;
                closedir(directory);
                errno = ENOMEM;
                return -1;
            }
            *list = larger;
        }
        if (read_process(dirfd(directory), entry->d_name, &(*list)[count]) == 0) count++;
    }
    closedir(directory);
    return count;
}

static long long now_milliseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

struct pass {
    /// The number of live processes, and how many of them have not stopped.
    int alive, running;
};

/// Sends a signal to every process of the session and reaps dead ones. Returns -1 if /proc is unreadable.
static int signal_session(int session, int signal, struct pass *pass) {
    struct clinux_process *list;
    int count = clinux_processes(&session, 1, &list), own = getpgrp();
    *pass = (struct pass){0};
    if (count < 0) return -1;
    for (int i = 0; i < count; i++) {
        const struct clinux_process *process = &list[i];
        if (process->session != session) continue;
        if (process->is_dead) {
            if (process->parent == getpid() && process->id != session) waitpid(process->id, NULL, WNOHANG);
            continue;
        }
        pass->alive++;
        if (!process->is_stopped) pass->running++;
        if (signal == SIGSTOP && process->is_stopped) continue;
        // By group, so that the signal also reaches processes that are just being started.
        if (process->group > 1 && process->group != own) kill(-process->group, signal);
    }
    free(list);
    return 0;
}

int clinux_kill_session(int session, int milliseconds) {
    if (session <= 1) return 0;
    long long deadline = now_milliseconds() + milliseconds;
    int stop_passes = 0, next = SIGSTOP;
    for (int empty = 0; empty < EMPTY_PASSES;) {
        struct pass pass;
        if (signal_session(session, next, &pass) != 0) return 1;
        empty = pass.alive == 0 ? empty + 1 : 0;
        if (pass.alive == 0) continue;
        if (now_milliseconds() >= deadline) {
            // Kill even though some have not stopped.
            signal_session(session, SIGKILL, &pass);
            return pass.alive;
        }
        // Kill only once all have stopped: a killed process would make room for new ones.
        stop_passes = next == SIGSTOP ? stop_passes + 1 : 0;
        next = pass.running == 0 || stop_passes >= MAX_STOP_PASSES ? SIGKILL : SIGSTOP;
        if (next == SIGKILL || stop_passes == 0) poll(NULL, 0, PASS_PAUSE_MILLISECONDS);
    }
    return 0;
}
