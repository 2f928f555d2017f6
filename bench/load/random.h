/* Random numbers for masks, keys and payloads: xorshift64*, seeded by the kernel once. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

void random_seed(void);
uint32_t random_u32(void);

#endif
