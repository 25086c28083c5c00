#pragma once

/// The version of Landlock that the kernel has; 0 if it has none, or it is switched off.
int clinux_landlock_version(void);

/// Whether the kernel can filter system calls.
_Bool clinux_has_seccomp(void);
