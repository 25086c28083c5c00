#pragma once

/// A pipe whose ends no child inherits, except by dup2: descriptors[0] reads, descriptors[1] writes.
/// Returns 0, or -1 with errno.
int clinux_pipe(int descriptors[2]);

/// Makes reads and writes on the descriptor return EAGAIN instead of waiting. Returns 0, or -1 with errno.
int clinux_set_nonblocking(int descriptor);
