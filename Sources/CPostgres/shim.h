#pragma once
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

// Swift cannot call ioctl, which is variadic. The bytes that the socket has received and nobody has read; 0 if that is
// unknown.
static inline int cpostgres_unread_bytes(int socket) {
    int count = 0;
    return ioctl(socket, FIONREAD, &count) == 0 ? count : 0;
}

// The bytes that a TCP socket has received since it was connected; -1 for another socket. They are tcpi_bytes_received
// of the kernel's struct tcp_info, whose layout is part of Linux's ABI; that of the C library ends before it.
static inline long long cpostgres_received_bytes(int socket) {
    unsigned char info[136];
    socklen_t length = sizeof info;
    long long count = -1;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, info, &length) == 0 && length == sizeof info)
        memcpy(&count, info + 128, sizeof count);
    return count;
}

// A server's notices are of no use here; libpq would print them.
static inline void cpostgres_ignore_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

static inline void cpostgres_ignore_notices(PGconn *connection) {
    PQsetNoticeReceiver(connection, cpostgres_ignore_notice, 0);
}
