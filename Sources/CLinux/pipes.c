#define _GNU_SOURCE
#include "pipes.h"

#include <fcntl.h>
#include <unistd.h>

int clinux_pipe(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC);
}

int clinux_set_nonblocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    return flags < 0 ? -1 : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
}
