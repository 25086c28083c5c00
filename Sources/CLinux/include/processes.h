#pragma once

/// Makes this process the parent of orphaned descendants. Returns 0, or -1 with errno.
int clinux_become_child_subreaper(void);

/// Returns a close-on-exec descriptor that is readable once the process has exited; -1 with errno (ENOSYS before Linux
/// 5.3).
int clinux_pidfd_open(int pid);

/// Signals the process that the descriptor was opened for, even if its id has been reused.
int clinux_pidfd_send_signal(int pidfd, int signal);
