#pragma once

/// The configuration of jemalloc, which finds it by its name.
///
/// Few arenas, since few threads allocate; memory that was freed goes back to the system after a second, by a thread of
/// jemalloc's own.
extern const char *malloc_conf;
