/* Echo load: each connection keeps as many messages in flight as it may, for a warm-up and the time that counts. */
#include "histogram.h"
#include "modes.h"

#include <sys/resource.h>

enum { TICK_MS = 20 };

static struct {
    struct histogram latencies;
    int is_sending;
} run;

static void record(const struct connection *connection, uint64_t now) {
    for (uint64_t number = connection->recorded; number < connection->parser.echoed; number++)
        histogram_add(&run.latencies, now - connection->sent_ns[number % connection->in_flight], 1);
}

/* Count what came back, and send as many again. */
static void on_echo(struct crowd *crowd, struct connection *connection, uint64_t now) {
    (void)crowd;
    uint64_t fresh = connection->parser.echoed - connection->recorded;
    if (fresh == 0)
        return;
    record(connection, now);
    connection->recorded = connection->parser.echoed;
    if (run.is_sending)
        connection_send(connection, fresh, now);
}

static void attend_for(struct crowd *crowd, double seconds) {
    uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
    while (crowd->wrong == NULL && now_ns() < end)
        crowd_attend(crowd, TICK_MS, on_echo);
}

static void start_sending(struct crowd *crowd) {
    run.is_sending = 1;
    for (size_t number = 0; number < crowd->count; number++)
        connection_send(&crowd->connections[number], crowd->options->in_flight, now_ns());
}

static int is_drained(const struct crowd *crowd) {
    for (size_t number = 0; number < crowd->count; number++)
        if (crowd->connections[number].parser.echoed < crowd->connections[number].parser.expected)
            return 0;
    return 1;
}

/* Every message that was sent has to come back, counted or not. */
static void drain(struct crowd *crowd) {
    run.is_sending = 0;
    while (crowd->wrong == NULL && !is_drained(crowd))
        crowd_attend(crowd, TICK_MS, on_echo);
}

static double busy_s(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static double quantile_us(double part) {
    return (double)histogram_quantile(&run.latencies, part) / 1e3;
}

static void measure(struct crowd *crowd) {
    histogram_clear(&run.latencies);
    say("counting\n");
    double busy_before = busy_s();
    uint64_t start = now_ns();
    attend_for(crowd, crowd->options->measure_s);
    double seconds = (double)(now_ns() - start) / 1e9;
    double busy = busy_s() - busy_before;
    say("counted\n");
    struct histogram counted = run.latencies;
    drain(crowd);
    if (counted.count == 0 && crowd->wrong == NULL)
        crowd->wrong = "nothing came back in the time that counts";
    run.latencies = counted;
    if (crowd->wrong == NULL)
        say("{\"messages\": %llu, \"seconds\": %.6f, \"messages_per_s\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
            "\"p999_us\": %.1f, \"max_us\": %.1f, \"load_busy\": %.3f, \"errors\": 0}\n",
            (unsigned long long)counted.count, seconds, (double)counted.count / seconds, quantile_us(0.5),
            quantile_us(0.99), quantile_us(0.999), (double)counted.max_ns / 1e3, busy / seconds);
}

const char *run_echo(const struct options *options) {
    struct crowd crowd;
    crowd_make(&crowd, options, options->payload);
    crowd_open_all(&crowd);
    if (crowd.wrong == NULL)
        start_sending(&crowd);
    attend_for(&crowd, options->warm_up_s);
    if (crowd.wrong == NULL)
        measure(&crowd);
    crowd_close_all(&crowd);
    const char *wrong = crowd.wrong;
    crowd_free(&crowd);
    return wrong;
}
