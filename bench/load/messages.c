#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { TEXT = 0x81, MASK_BYTES = 4, ENOUGH_DIFFERENT = 64, FEW = 4, LARGE = 16384 };

static uint8_t *allocate(size_t size) {
    uint8_t *memory = malloc(size);
    if (memory == NULL) {
        perror("malloc");
        exit(2);
    }
    return memory;
}

size_t frame_head(uint8_t *head, uint8_t first, size_t payload, int is_masked) {
    uint8_t mask_bit = is_masked ? 0x80 : 0;
    size_t length_bytes = payload < 126 ? 0 : payload < 65536 ? 2 : 8;
    head[0] = first;
    head[1] = mask_bit | (uint8_t)(length_bytes == 0 ? payload : length_bytes == 2 ? 126 : 127);
    for (size_t at = 0; at < length_bytes; at++)
        head[2 + at] = (uint8_t)(payload >> (8 * (length_bytes - 1 - at)));
    return 2 + length_bytes;
}

/* A random mask, and the payload under it. */
static void put_masked(uint8_t *to, const uint8_t *payload, size_t size) {
    uint32_t mask = random_u32();
    memcpy(to, &mask, MASK_BYTES);
    for (size_t at = 0; at < size; at++)
        to[MASK_BYTES + at] = payload[at] ^ to[at % MASK_BYTES];
}

size_t control_frame(uint8_t *frame, uint8_t first, const uint8_t *payload, size_t size) {
    size_t head = frame_head(frame, first, size, 1);
    put_masked(frame + head, payload, size);
    return head + MASK_BYTES + size;
}

/* Printable ASCII: 95 characters from the blank on. */
static void put_text(uint8_t *to, size_t size) {
    for (size_t at = 0; at < size; at++)
        to[at] = (uint8_t)(0x20 + (random_u32() >> 8) % 95);
}

static void make_message(struct messages *messages, size_t number) {
    uint8_t *echo = messages->echoes + number * messages->echo;
    uint8_t *frame = messages->frames + number * messages->frame;
    frame_head(echo, TEXT, messages->payload, 0);
    put_text(echo + messages->head, messages->payload);
    frame_head(frame, TEXT, messages->payload, 1);
    put_masked(frame + messages->head, echo + messages->head, messages->payload);
}

void messages_make(struct messages *messages, size_t payload, size_t in_flight) {
    uint8_t head[10];
    messages->payload = payload;
    messages->count = 2 * in_flight + (payload < LARGE ? ENOUGH_DIFFERENT : FEW);
    messages->spare = in_flight;
    messages->head = frame_head(head, TEXT, payload, 0);
    messages->echo = messages->head + payload;
    messages->frame = messages->echo + MASK_BYTES;
    messages->frames = allocate((messages->count + messages->spare) * messages->frame);
    messages->echoes = allocate((messages->count + messages->spare) * messages->echo);
    for (size_t number = 0; number < messages->count; number++)
        make_message(messages, number);
    memcpy(messages->frames + messages->count * messages->frame, messages->frames, messages->spare * messages->frame);
    memcpy(messages->echoes + messages->count * messages->echo, messages->echoes, messages->spare * messages->echo);
}

void messages_free(struct messages *messages) {
    free(messages->frames);
    free(messages->echoes);
}
