#pragma once
#include <libpq-fe.h>
#include <sys/ioctl.h>

// Swift cannot call ioctl, which is variadic. The bytes that the socket has received and nobody has read; 0 if that is
// unknown.
static inline int cpostgres_unread_bytes(int socket) {
    int count = 0;
    return ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

// A server's notices are of no use here; libpq would print them.
static inline void cpostgres_ignore_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

static inline void cpostgres_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, cpostgres_ignore_notice, 0);
}
