#define _GNU_SOURCE
#include "upgrade.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "random.h"

enum { KEY_BYTES = 16, KEY_CHARACTERS = 24 };

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 16 random bytes in base64: 21 characters are free, the 22nd holds two bits, two are padding. */
static void random_key(char *key) {
    for (int at = 0; at < 21; at++)
        key[at] = base64[random_u32() >> 26];
    key[21] = base64[random_u32() >> 30 << 4];
    memcpy(key + 22, "==", 3);
}

size_t upgrade_request(uint8_t *buffer, size_t size, const char *path) {
    char key[KEY_CHARACTERS + 1];
    random_key(key);
    int written = snprintf((char *)buffer, size,
                           "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                           "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n\r\n",
                           path, key);
    return (size_t)written;
}

size_t upgrade_head_size(const uint8_t *data, size_t size) {
    const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
    return end == NULL ? 0 : (size_t)(end - data) + 4;
}

static int has_header(const uint8_t *head, size_t size, const char *name) {
    size_t length = strlen(name);
    for (size_t at = 0; at + length + 2 <= size; at++)
        if (memcmp(head + at, "\r\n", 2) == 0 && strncasecmp((const char *)head + at + 2, name, length) == 0)
            return 1;
    return 0;
}

int upgrade_is_accepted(const uint8_t *head, size_t size) {
    static const char status[] = "HTTP/1.1 101 ";
    return size > sizeof status && memcmp(head, status, sizeof status - 1) == 0 &&
           has_header(head, size, "Sec-WebSocket-Accept:") && !has_header(head, size, "Sec-WebSocket-Extensions:");
}
