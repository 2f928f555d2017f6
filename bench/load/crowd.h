/* All connections of a run and the loop that attends to them. */
#ifndef CROWD_H
#define CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "connection.h"

enum { OPENING_AT_ONCE = 32 }; /* must be smaller than the shortest listen backlog, 50 */

struct options {
    const char *mode;
    struct target target;
    size_t connections;  /* held, or in all for handshakes */
    size_t at_once;      /* handshakes: how many at the same time */
    size_t payload;
    size_t in_flight;
    double warm_up_s;
    double measure_s;
    double timeout_s;    /* nothing heard for that long is an error */
};

struct crowd {
    const struct options *options;
    struct connection *connections;
    size_t count;        /* started so far */
    size_t open;         /* of these, with the upgrade done, ever */
    size_t ended;
    uint64_t heard_ns;   /* when anything was last heard */
    const char *wrong;   /* the first thing that went wrong, or NULL */
};

uint64_t now_ns(void);

/* Room for all connections of the options; their messages are made when `payload` is given. */
void crowd_make(struct crowd *crowd, const struct options *options, size_t payload);
void crowd_free(struct crowd *crowd);

/* Start more connections, while fewer than `at_once` of them are on their way or, if `until_ended`, alive. */
void crowd_start_more(struct crowd *crowd, size_t at_once, int until_ended);

/* Wait for events at most this long and attend to each; `on_event`, when given, is called after it. */
typedef void (*on_event)(struct crowd *crowd, struct connection *connection, uint64_t now);
void crowd_attend(struct crowd *crowd, int timeout_ms, on_event on_event);

/* Open them all; they stay open. */
void crowd_open_all(struct crowd *crowd);

/* Close them all properly. */
void crowd_close_all(struct crowd *crowd);

#endif
