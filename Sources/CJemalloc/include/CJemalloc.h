#pragma once

/// The configuration of jemalloc, which reads the variable with this name.
///
/// Few arenas, since few threads allocate. A thread of jemalloc returns freed memory to the system after a second.
extern const char *malloc_conf;
