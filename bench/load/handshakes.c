/* Whole lives of connections: connect, upgrade, 101, Close both ways, end of the TCP connection. */
#include "modes.h"

enum { TICK_MS = 100 };

static void on_event_close(struct crowd *crowd, struct connection *connection, uint64_t now) {
    (void)crowd;
    (void)now;
    if (connection->state == OPEN)
        connection_close(connection);
}

const char *run_handshakes(const struct options *options) {
    struct crowd crowd;
    crowd_make(&crowd, options, 0);
    say("counting\n");
    uint64_t start = now_ns();
    while (crowd.ended < options->connections && crowd.wrong == NULL) {
        crowd_start_more(&crowd, options->at_once, 1);
        crowd_attend(&crowd, TICK_MS, on_event_close);
    }
    double seconds = (double)(now_ns() - start) / 1e9;
    say("counted\n");
    if (crowd.wrong == NULL)
        say("{\"handshakes\": %zu, \"seconds\": %.6f, \"handshakes_per_s\": %.1f, \"errors\": 0}\n", crowd.ended,
            seconds, (double)crowd.ended / seconds);
    const char *wrong = crowd.wrong;
    crowd_free(&crowd);
    return wrong;
}
