/* A load of WebSocket echoes from one thread: `load MODE PORT PATH [--option value]…`.

   Modes: echo, handshakes, idle. Options: --connections, --at-once, --payload (bytes), --in-flight, --warm-up,
   --measure, --timeout (seconds). Exit code 1, and a line on standard error, when a byte is wrong, a connection is
   lost, or nothing is heard for the timeout. */
#include "modes.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "random.h"

void say(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fflush(stdout);
}

static void refuse(const char *what) {
    fprintf(stderr, "load: %s\nusage: load echo|handshakes|idle PORT PATH [--option value]...\n", what);
    exit(2);
}

static void set_option(struct options *options, const char *name, const char *value) {
    struct {
        const char *name;
        size_t *count;
        double *seconds;
    } known[] = {
        {"--connections", &options->connections, NULL}, {"--at-once", &options->at_once, NULL},
        {"--payload", &options->payload, NULL},         {"--in-flight", &options->in_flight, NULL},
        {"--warm-up", NULL, &options->warm_up_s},       {"--measure", NULL, &options->measure_s},
        {"--timeout", NULL, &options->timeout_s},
    };
    for (size_t at = 0; at < sizeof known / sizeof *known; at++) {
        if (strcmp(name, known[at].name) != 0)
            continue;
        if (known[at].count != NULL)
            *known[at].count = strtoul(value, NULL, 10);
        else
            *known[at].seconds = strtod(value, NULL);
        return;
    }
    refuse(name);
}

static void check(const struct options *options) {
    if (options->connections < 1 || options->payload < 1 || options->in_flight < 1)
        refuse("--connections, --payload and --in-flight start at 1");
    if (options->at_once < 1 || options->at_once > OPENING_AT_ONCE)
        refuse("--at-once is 1 to 32");
    if (strlen(options->target.path) > 200)
        refuse("PATH has 200 characters at most");
}

static struct options parse(int count, char **words) {
    if (count < 4 || count % 2 != 0)
        refuse("too few words, or an option without a value");
    struct options options = {
        .mode = words[1], .connections = 1, .at_once = OPENING_AT_ONCE, .payload = 128, .in_flight = 1,
        .warm_up_s = 0.3, .measure_s = 2, .timeout_s = 10,
        .target = {.path = words[3],
                   .poll = epoll_create1(EPOLL_CLOEXEC),
                   .address = {.sin_family = AF_INET,
                               .sin_port = htons((uint16_t)strtoul(words[2], NULL, 10)),
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}},
    };
    for (int at = 4; at < count; at += 2)
        set_option(&options, words[at], words[at + 1]);
    check(&options);
    return options;
}

static const char *run(const struct options *options) {
    if (strcmp(options->mode, "echo") == 0)
        return run_echo(options);
    if (strcmp(options->mode, "handshakes") == 0)
        return run_handshakes(options);
    if (strcmp(options->mode, "idle") == 0)
        return run_idle(options);
    refuse("an unknown mode");
    return NULL;
}

int main(int count, char **words) {
    struct options options = parse(count, words);
    random_seed();
    const char *wrong = run(&options);
    if (wrong != NULL)
        fprintf(stderr, "load: %s\n", wrong);
    return wrong == NULL ? 0 : 1;
}
