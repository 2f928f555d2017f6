/* Connections that say nothing: opened, held until standard input ends, and closed. Pings are answered. */
#include "modes.h"

#include <poll.h>
#include <unistd.h>

enum { TICK_MS = 50 };

static int is_input_over(void) {
    char byte;
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

const char *run_idle(const struct options *options) {
    struct crowd crowd;
    crowd_make(&crowd, options, 0);
    say("counting\n");
    uint64_t start = now_ns();
    crowd_open_all(&crowd);
    double seconds = (double)(now_ns() - start) / 1e9;
    say("counted\n");
    if (crowd.wrong == NULL)
        say("held\n");
    while (crowd.wrong == NULL && !is_input_over()) {
        crowd.heard_ns = now_ns(); /* silence is what is wanted here */
        crowd_attend(&crowd, TICK_MS, NULL);
    }
    size_t held = crowd.open;
    crowd_close_all(&crowd);
    if (crowd.wrong == NULL)
        say("{\"connections\": %zu, \"seconds\": %.6f, \"errors\": 0}\n", held, seconds);
    const char *wrong = crowd.wrong;
    crowd_free(&crowd);
    return wrong;
}
