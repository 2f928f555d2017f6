/* The messages of one connection, made before the clock runs: masked frames to send, plain frames to expect.

   They form a ring of `count` messages, each with its own text and its own random mask. The first `spare` are
   repeated at the end, so that as many as may be in flight always lie in one piece, for one send and one memcmp. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include <stddef.h>
#include <stdint.h>

struct messages {
    size_t payload;     /* bytes of text in a message */
    size_t count;       /* different messages */
    size_t spare;       /* repeated at the end */
    size_t head;        /* bytes in front of the text of an unmasked frame */
    size_t frame;       /* bytes of a masked frame: head, mask, text */
    size_t echo;        /* bytes of its echo, when the server sends it as one frame */
    uint8_t *frames;
    uint8_t *echoes;
};

void messages_make(struct messages *messages, size_t payload, size_t in_flight);
void messages_free(struct messages *messages);

/* The shortest head of a text frame of this size (RFC 6455, 5.2); the number of its bytes. */
size_t frame_head(uint8_t *head, uint8_t first, size_t payload, int is_masked);

/* A masked control frame of at most 125 bytes; the number of its bytes. */
size_t control_frame(uint8_t *frame, uint8_t first, const uint8_t *payload, size_t size);

/* The text that the message with this number must come back with. */
static inline const uint8_t *messages_text(const struct messages *messages, uint64_t number) {
    return messages->echoes + (number % messages->count) * messages->echo + messages->head;
}

#endif
