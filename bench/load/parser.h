/* What a server sends after the handshake, read as it comes: any frames, in any pieces.

   Data frames must carry, in order, the texts that were sent; each byte is compared. Control frames may stand
   between them. */
#ifndef PARSER_H
#define PARSER_H

#include <stddef.h>
#include <stdint.h>

#include "messages.h"

enum { FRAME_TEXT = 1, FRAME_CLOSE = 8, FRAME_PING = 9, FRAME_PONG = 10, CONTROL_BYTES = 125 };

struct parser {
    const struct messages *messages; /* NULL: none were sent */
    uint64_t expected;  /* messages sent */
    uint64_t echoed;    /* messages that came back whole */
    size_t text_at;     /* bytes of the current message compared */
    int is_in_message;  /* a frame without FIN came before */
    uint8_t head[10];
    size_t head_have;
    uint64_t left;      /* payload bytes of the frame to come */
    uint8_t control[CONTROL_BYTES];
    size_t control_have;
    /* Told of a control frame when it is whole. */
    void (*on_control)(void *context, int opcode, const uint8_t *payload, size_t size);
    void *context;
};

/* Take these bytes; NULL, or what is wrong with them. */
const char *parser_feed(struct parser *parser, const uint8_t *data, size_t size);

#endif
