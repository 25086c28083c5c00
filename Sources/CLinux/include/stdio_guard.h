#pragma once

/// Makes standard output line-buffered, even if it is no terminal. (Swift cannot access the variable `stdout`.)
void stdio_guard_buffer_stdout_by_line(void);

/// Returns once the other end of a pipe or socket is closed. Never returns for a file.
void stdio_guard_wait_for_hang_up(int descriptor);
