#pragma once

/// Starts a program in a session of its own, with the three descriptors as its standard streams, every other one
/// closed, and all signals at their defaults.
/// Returns 0 and the process's id, or the errno of what failed, that of exec included.
int clinux_spawn(int *process, const char *path, char *const arguments[], char *const environment[], int input,
                 int output, int errors);
