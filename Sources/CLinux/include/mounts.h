#pragma once

/// Returns whether the path's file system is mounted with noexec. Returns false if this is unknown.
_Bool clinux_is_noexec(const char *path);
