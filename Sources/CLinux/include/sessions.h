#pragma once

/// The state of a process, from /proc.
struct clinux_process {
    int id, parent, group, session, threads;
    /// Start time in clock ticks since boot; identifies the process together with the id.
    unsigned long long start;
    /// Whether all threads have exited and the process waits to be reaped.
    _Bool is_dead;
    _Bool is_stopped;
};

/// Lists the processes of some sessions, in an array that the caller must free. Returns their number, or -1 with errno.
///
/// A process of another session costs one call of getsid(2), a thirtieth of what reading its line of /proc takes.
///
/// - sessions: their ids; NULL for all processes.
int clinux_processes(const int *sessions, int session_count, struct clinux_process **list);

/// Kills every process of a session until two scans of /proc find none alive, and reaps those that are now this
/// process's children. Stops all of them first, group by group, since a fork bomb would otherwise refill freed slots.
/// Does not reap the session's leader, so that its id continues to identify the session. Returns the number of
/// processes that are still alive after the given milliseconds, usually 0.
int clinux_kill_session(int session, int milliseconds);
