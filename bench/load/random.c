#include "random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static uint64_t state;

void random_seed(void) {
    if (getrandom(&state, sizeof state, 0) != (ssize_t)sizeof state) {
        perror("getrandom");
        exit(2);
    }
    state |= 1; /* the generator stays at 0 for ever */
}

uint32_t random_u32(void) {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (uint32_t)((state * 0x2545F4914F6CDD1DULL) >> 32);
}
