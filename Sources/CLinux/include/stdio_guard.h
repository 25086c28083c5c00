#pragma once

/// Line by line, even if standard output is no terminal. (Swift cannot name the variable `stdout`.)
void stdio_guard_buffer_stdout_by_line(void);

/// Returns once the other end of a pipe or socket is closed; of a file, never.
void stdio_guard_wait_for_hang_up(int descriptor);
