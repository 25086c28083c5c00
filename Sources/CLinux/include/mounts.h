#pragma once

/// Whether no program can be run from the file system that the path lies on (mount option noexec). False where that
/// cannot be found out.
_Bool clinux_is_noexec(const char *path);
