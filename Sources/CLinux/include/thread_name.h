#pragma once

/// Names the calling thread, as `top` and debuggers show it; cut after 15 bytes.
void clinux_name_thread(const char *name);
