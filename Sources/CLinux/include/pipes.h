#pragma once

/// Creates a close-on-exec pipe: descriptors[0] is for reading, descriptors[1] for writing.
/// Returns 0, or -1 with errno.
int clinux_pipe(int descriptors[2]);

/// Makes reads and writes on the descriptor return EAGAIN instead of waiting. Returns 0, or -1 with errno.
int clinux_set_nonblocking(int descriptor);
