// The guard: kills the plugins of an operator that was killed by SIGKILL.
//
//     generalscaler-launch --guard
//
// The operator starts it in a new session and notifies it of each plugin on standard input: "+SESSION START\n" when the
// plugin has started (START as in /proc/PID/stat), "-SESSION\n" when all its processes have exited. When the operator
// has exited, the guard kills the remaining plugins and exits. It is not needed if the operator is process 1 of a
// container, since the kernel then kills all other processes.
#define _GNU_SOURCE
#include "launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sessions.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum { MAX_SESSIONS = 4096, BUFFER_BYTES = 4096, KILL_MILLISECONDS = 10000 };

struct session {
    int id;
    unsigned long long start;
};

static struct session sessions[MAX_SESSIONS];
static size_t session_count;

static void forget(int id) {
    for (size_t i = 0; i < session_count; i++)
        if (sessions[i].id == id) sessions[i] = sessions[--session_count];
}

static void obey(const char *line) {
    int id = 0;
    unsigned long long start = 0;
    if (sscanf(line, "+%d %llu", &id, &start) == 2 && id > 1) {
        forget(id);
        if (session_count < MAX_SESSIONS) sessions[session_count++] = (struct session){.id = id, .start = start};
    } else if (sscanf(line, "-%d", &id) == 1) {
        forget(id);
    }
}

/// Reads the available input. Returns false at its end.
static bool receive(void) {
    static char buffer[BUFFER_BYTES];
    static size_t used;
    ssize_t size = read(STDIN_FILENO, buffer + used, sizeof buffer - 1 - used);
    if (size < 0) return errno == EINTR || errno == EAGAIN;
    if (size == 0) return false;
    used += (size_t)size;
    buffer[used] = '\0';
    char *line = buffer;
    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        obey(line);
    }
    used -= (size_t)(line - buffer);
    memmove(buffer, line, used);
    // Longer than any command.
    if (used == sizeof buffer - 1) used = 0;
    return true;
}

/// If the id has been reused, the session is not a plugin's.
static bool is_reused(const struct session *session) {
    struct clinux_process *list;
    int count = clinux_processes(NULL, 0, &list);
    bool is_reused = false;
    for (int i = 0; i < count; i++)
        if (list[i].id == session->id && list[i].start != session->start) is_reused = true;
    free(list);
    return is_reused;
}

int run_guard(void) {
    prctl(PR_SET_NAME, "plugin-guard");
    for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
    int parent = getppid();
    int operator = (int)syscall(SYS_pidfd_open, parent, 0);
    struct pollfd sources[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = operator, .events = POLLIN}};
    bool lasts = getppid() == parent;
    while (lasts) {
        if (poll(sources, operator < 0 ? 1 : 2, -1) < 0 && errno != EINTR) break;
        if (sources[0].revents != 0) lasts = receive();
        if (operator >= 0 && sources[1].revents != 0) {
            // Standard input may still contain the last commands.
            while (lasts && poll(sources, 1, 0) > 0) lasts = receive();
            lasts = false;
        }
    }
    for (size_t i = 0; i < session_count; i++)
        if (!is_reused(&sessions[i])) clinux_kill_session(sessions[i].id, KILL_MILLISECONDS);
    return 0;
}
