#pragma once

// System calls that Swift's Glibc module does not export, one header per concern.
#include "child_process.h"
#include "epoll.h"
#include "landlock.h"
#include "mounts.h"
#include "pipes.h"
#include "processes.h"
#include "removal.h"
#include "sessions.h"
#include "stdio_guard.h"
#include "sys_epoll.h"
#include "threads.h"
#include "usage.h"
