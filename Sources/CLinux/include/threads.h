#pragma once

#include <sys/types.h>

/// Names the calling thread, as `top` and debuggers show it; cut after 15 bytes.
void clinux_name_thread(const char *name);

/// Lists the first cores that the calling thread may run on, up to the given number. Returns their number, or -1.
int clinux_allowed_cores(int *cores, int most);

/// Restricts a thread to these cores; 0 is the calling thread. Returns 0, or -1.
int clinux_confine_thread(pid_t thread, const int *cores, int count);
