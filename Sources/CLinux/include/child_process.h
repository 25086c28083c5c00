#pragma once

/// Starts a program in a new session, with the three descriptors as its standard streams, all other descriptors closed,
/// and all signals at their defaults.
/// Returns 0 and the process's id, or the errno of the failed step, including exec.
int clinux_spawn(int *process, const char *path, char *const arguments[], char *const environment[], int input,
                 int output, int errors);
