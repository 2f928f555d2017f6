#include "crowd.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS = 256, TICK_MS = 100 };

uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void crowd_make(struct crowd *crowd, const struct options *options, size_t payload) {
    *crowd = (struct crowd){.options = options, .heard_ns = now_ns()};
    crowd->connections = calloc(options->connections, sizeof *crowd->connections);
    if (crowd->connections == NULL)
        abort();
    for (size_t number = 0; number < options->connections; number++) {
        crowd->connections[number].descriptor = -1;
        if (payload > 0)
            connection_prepare(&crowd->connections[number], payload, options->in_flight);
    }
}

void crowd_free(struct crowd *crowd) {
    for (size_t number = 0; number < crowd->options->connections; number++)
        connection_free(&crowd->connections[number]);
    free(crowd->connections);
}

static void note_failure(struct crowd *crowd, const struct connection *connection) {
    if (crowd->wrong == NULL)
        crowd->wrong = connection->wrong;
}

void crowd_start_more(struct crowd *crowd, size_t at_once, int until_ended) {
    while (crowd->count < crowd->options->connections && crowd->wrong == NULL &&
           crowd->count - (until_ended ? crowd->ended : crowd->open) < at_once) {
        struct connection *connection = &crowd->connections[crowd->count];
        connection_start(connection, &crowd->options->target, (unsigned)crowd->count);
        note_failure(crowd, connection);
        crowd->count++;
    }
}

static void attend_one(struct crowd *crowd, struct connection *connection, uint32_t events, on_event on_event) {
    enum state before = connection->state;
    connection_attend(connection, events);
    uint64_t now = now_ns();
    crowd->heard_ns = now;
    if (before == UPGRADING && connection->state == OPEN)
        crowd->open++;
    if (on_event != NULL && connection->wrong == NULL)
        on_event(crowd, connection, now);
    if (before != ENDED && connection->state == ENDED)
        crowd->ended++;
    note_failure(crowd, connection);
}

static void check_timeout(struct crowd *crowd) {
    double silence_s = (double)(now_ns() - crowd->heard_ns) / 1e9;
    if (crowd->wrong == NULL && silence_s > crowd->options->timeout_s)
        crowd->wrong = "timeout: nothing was heard";
}

void crowd_attend(struct crowd *crowd, int timeout_ms, on_event on_event) {
    struct epoll_event events[EVENTS];
    int count = epoll_wait(crowd->options->target.poll, events, EVENTS, timeout_ms);
    for (int number = 0; number < count && crowd->wrong == NULL; number++)
        attend_one(crowd, events[number].data.ptr, events[number].events, on_event);
    if (count == 0)
        check_timeout(crowd);
}

void crowd_open_all(struct crowd *crowd) {
    while (crowd->open < crowd->options->connections && crowd->wrong == NULL) {
        crowd_start_more(crowd, OPENING_AT_ONCE, 0);
        crowd_attend(crowd, TICK_MS, NULL);
    }
}

void crowd_close_all(struct crowd *crowd) {
    for (size_t number = 0; number < crowd->count && crowd->wrong == NULL; number++) {
        connection_close(&crowd->connections[number]);
        note_failure(crowd, &crowd->connections[number]);
    }
    while (crowd->ended < crowd->count && crowd->wrong == NULL)
        crowd_attend(crowd, TICK_MS, NULL);
}
