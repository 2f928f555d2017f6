/* What a run does. Each prints `counting` and `counted` around what is measured, then one line of JSON. */
#ifndef MODES_H
#define MODES_H

#include "crowd.h"

/* Each returns NULL, or what went wrong. */
const char *run_echo(const struct options *options);
const char *run_handshakes(const struct options *options);
const char *run_idle(const struct options *options);

/* A line on standard output, at once. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
