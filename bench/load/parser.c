#include "parser.h"

#include <string.h>

static int opcode(const struct parser *parser) {
    return parser->head[0] & 0x0F;
}

static int is_control(const struct parser *parser) {
    return opcode(parser) >= FRAME_CLOSE;
}

static size_t least(uint64_t one, uint64_t other) {
    return (size_t)(one < other ? one : other);
}

static int is_at_boundary(const struct parser *parser) {
    return parser->head_have == 0 && !parser->is_in_message;
}

/* Whole echoes in the very bytes that most servers send them in: one comparison for all. The bytes taken. */
static size_t take_expected(struct parser *parser, const uint8_t *data, size_t size) {
    const struct messages *messages = parser->messages;
    if (messages == NULL || !is_at_boundary(parser))
        return 0;
    size_t whole = least(size / messages->echo, parser->expected - parser->echoed);
    size_t bytes = whole * messages->echo;
    const uint8_t *wanted = messages->echoes + (parser->echoed % messages->count) * messages->echo;
    if (memcmp(data, wanted, bytes) != 0)
        return 0;
    parser->echoed += whole;
    return bytes;
}

/* How many bytes the head has, as far as it is known yet. */
static size_t head_size(const struct parser *parser) {
    if (parser->head_have < 2)
        return 2;
    int length = parser->head[1] & 0x7F;
    return length == 126 ? 4 : length == 127 ? 10 : 2;
}

static uint64_t payload_length(const struct parser *parser) {
    size_t size = head_size(parser);
    if (size == 2)
        return parser->head[1] & 0x7F;
    uint64_t length = 0;
    for (size_t at = 2; at < size; at++)
        length = length << 8 | parser->head[at];
    return length;
}

static const char *check_control(const struct parser *parser) {
    if (opcode(parser) > FRAME_PONG)
        return "a reserved opcode";
    if (!(parser->head[0] & 0x80) || parser->left > CONTROL_BYTES)
        return "a control frame in pieces, or too long";
    return NULL;
}

static const char *check_data(const struct parser *parser) {
    if (parser->messages == NULL || parser->echoed == parser->expected)
        return "a message that nobody sent";
    if (opcode(parser) != (parser->is_in_message ? 0 : FRAME_TEXT))
        return "a data frame of the wrong type";
    if (parser->left > parser->messages->payload - parser->text_at)
        return "an echo that is too long";
    return NULL;
}

static const char *check_head(struct parser *parser) {
    if (parser->head[0] & 0x70)
        return "a reserved bit";
    if (parser->head[1] & 0x80)
        return "a masked frame";
    return is_control(parser) ? check_control(parser) : check_data(parser);
}

/* Take what belongs to the head; the bytes taken. */
static size_t take_head(struct parser *parser, const uint8_t *data, size_t size) {
    size_t taken = 0;
    while (taken < size && parser->head_have < head_size(parser))
        parser->head[parser->head_have++] = data[taken++];
    return taken;
}

static const char *take_payload(struct parser *parser, const uint8_t *data, size_t size) {
    parser->left -= size;
    if (is_control(parser)) {
        memcpy(parser->control + parser->control_have, data, size);
        parser->control_have += size;
        return NULL;
    }
    const uint8_t *text = messages_text(parser->messages, parser->echoed) + parser->text_at;
    parser->text_at += size;
    return memcmp(data, text, size) == 0 ? NULL : "a wrong byte";
}

static void end_control(struct parser *parser) {
    size_t size = parser->control_have;
    parser->control_have = 0;
    parser->on_control(parser->context, opcode(parser), parser->control, size);
}

static const char *end_data(struct parser *parser) {
    parser->is_in_message = !(parser->head[0] & 0x80);
    if (parser->is_in_message)
        return NULL;
    if (parser->text_at != parser->messages->payload)
        return "an echo that is too short";
    parser->text_at = 0;
    parser->echoed++;
    return NULL;
}

static const char *end_frame(struct parser *parser) {
    parser->head_have = 0;
    if (!is_control(parser))
        return end_data(parser);
    end_control(parser);
    return NULL;
}

/* Take a part of one frame: what is missing of its head, then what is there of its payload. */
static const char *take_part(struct parser *parser, const uint8_t **data, size_t *size) {
    const char *wrong = NULL;
    int was_in_head = parser->head_have < head_size(parser);
    size_t taken = take_head(parser, *data, *size);
    int is_in_head = parser->head_have < head_size(parser);
    if (was_in_head && !is_in_head) {
        parser->left = payload_length(parser);
        wrong = check_head(parser);
    }
    if (wrong == NULL && !is_in_head) {
        size_t payload = least(parser->left, *size - taken);
        wrong = take_payload(parser, *data + taken, payload);
        taken += payload;
        if (wrong == NULL && parser->left == 0)
            wrong = end_frame(parser);
    }
    *data += taken;
    *size -= taken;
    return wrong;
}

const char *parser_feed(struct parser *parser, const uint8_t *data, size_t size) {
    const char *wrong = NULL;
    while (size > 0 && wrong == NULL) {
        size_t taken = take_expected(parser, data, size);
        data += taken;
        size -= taken;
        if (size > 0)
            wrong = take_part(parser, &data, &size);
    }
    return wrong;
}
