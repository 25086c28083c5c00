#pragma once

#include <sys/types.h>

/// Names the calling thread, as `top` and debuggers show it; cut after 15 bytes.
void clinux_name_thread(const char *name);

/// The numbers of the first cores, at most as many as asked for, that the calling thread may run on.
/// Returns how many there are, or -1.
int clinux_allowed_cores(int *cores, int most);

/// Lets a thread run on these cores alone; 0 is the calling thread. Returns 0, or -1.
int clinux_confine_thread(pid_t thread, const int *cores, int count);
