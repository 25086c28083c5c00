#pragma once

/// What /proc tells of one process.
struct clinux_process {
    int id, parent, group, session, threads;
    /// Clock ticks since boot: with the id it names a process for good.
    unsigned long long start;
    /// Every thread of it has exited, and it waits to be reaped.
    _Bool is_dead;
    _Bool is_stopped;
};

/// All processes, in an array that the caller frees. Returns how many, or -1 with errno.
int clinux_processes(struct clinux_process **list);

/// Kills every process of a session until two scans of /proc find none alive, and reaps those that are this process's
/// children by now. All are stopped first, group by group: a fork bomb would otherwise fill up again what is freed. The
/// session's leader is not reaped, so that its id goes on naming the session. Returns how many are still alive after so
/// many milliseconds; 0 is usual.
int clinux_kill_session(int session, int milliseconds);
