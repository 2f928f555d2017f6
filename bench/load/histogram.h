/* Counts of nanoseconds in buckets of at most 1.6 % width: 64 for each power of two. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_STEPS = 64, HISTOGRAM_STEP_BITS = 6, HISTOGRAM_BUCKETS = 64 * HISTOGRAM_STEPS };

struct histogram {
    uint64_t count;
    uint64_t max_ns;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);

/* The upper end of the bucket that holds this part (0..1) of what was counted, at most the largest value. */
uint64_t histogram_quantile(const struct histogram *histogram, double part);

static inline unsigned histogram_bucket(uint64_t ns) {
    if (ns < HISTOGRAM_STEPS)
        return (unsigned)ns;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ns) - HISTOGRAM_STEP_BITS;
    return ((shift + 1) << HISTOGRAM_STEP_BITS) + (unsigned)((ns >> shift) - HISTOGRAM_STEPS);
}

static inline void histogram_add(struct histogram *histogram, uint64_t ns, uint64_t times) {
    histogram->buckets[histogram_bucket(ns)] += times;
    histogram->count += times;
    if (ns > histogram->max_ns)
        histogram->max_ns = ns;
}

#endif
