/* One WebSocket connection of a client: non-blocking, from connect to the end of the TCP connection. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "messages.h"
#include "parser.h"

enum state { UPGRADING, OPEN, CLOSING, ENDED };

enum { ANSWER_BYTES = 4096, CONTROL_QUEUE = 512 };

struct connection {
    int descriptor;
    int poll;               /* the epoll it is in */
    uint32_t interest;      /* what it is registered for there */
    enum state state;
    int got_close;          /* the server's Close came */
    const char *wrong;      /* why it failed, or NULL */
    uint64_t recorded;      /* echoes whose latency was taken */
    struct parser parser;
    struct messages messages;
    size_t in_flight;       /* how many messages may be */
    uint64_t *sent_ns;      /* when each of those in flight was sent */
    size_t ring_at;         /* byte of the ring that is sent next */
    size_t owed;            /* bytes of whole messages to send from there on */
    uint8_t control[CONTROL_QUEUE]; /* the request at first, then control frames; sent between messages */
    size_t control_size;
    uint8_t *answer;        /* the head of the answer, while it is not whole */
    size_t answer_size;
};

struct target {
    struct sockaddr_in address;
    const char *path;
    int poll;
};

/* Start to connect, from one of sixteen source addresses chosen by number. Sets `wrong` on failure. */
void connection_start(struct connection *connection, const struct target *target, unsigned number);

/* Make the messages that it will send; before it starts. */
void connection_prepare(struct connection *connection, size_t payload, size_t in_flight);

/* Send that many more messages; the caller keeps to what may be in flight. */
void connection_send(struct connection *connection, size_t count, uint64_t now);

/* Start the closing handshake with code 1000. */
void connection_close(struct connection *connection);

/* Read what is there once, and write what waits. Look at `state`, `wrong` and `parser.echoed` afterwards. */
void connection_attend(struct connection *connection, uint32_t events);

/* Free what it holds; the descriptor too. */
void connection_free(struct connection *connection);

#endif
