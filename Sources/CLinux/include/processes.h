#pragma once

/// Makes this process the parent of every descendant whose own parent dies. Returns 0, or -1 with errno.
int clinux_become_child_subreaper(void);

/// A close-on-exec descriptor that is readable once the process has exited; -1 with errno (ENOSYS before Linux 5.3).
int clinux_pidfd_open(int pid);

/// Signals the very process the descriptor was opened for, even if its id was reused since.
int clinux_pidfd_send_signal(int pidfd, int signal);
