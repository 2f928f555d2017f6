/* The client's half of the opening handshake: RFC 6455, 4.1. No extension is offered. */
#ifndef UPGRADE_H
#define UPGRADE_H

#include <stddef.h>
#include <stdint.h>

/* The request with a key of its own, written to a buffer of this size; the number of its bytes. */
size_t upgrade_request(uint8_t *buffer, size_t size, const char *path);

/* The bytes of a head with its blank line, or 0 when it is not whole. */
size_t upgrade_head_size(const uint8_t *data, size_t size);

/* Whether the status is 101 and a key was accepted. */
int upgrade_is_accepted(const uint8_t *head, size_t size);

#endif
