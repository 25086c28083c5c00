#pragma once

/// The version of Landlock that the kernel has; 0 where it has none, or it is switched off.
int clinux_landlock_version(void);
