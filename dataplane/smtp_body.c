/* SPDX-License-Identifier: BSD-3-Clause */
#include "smtp_body.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define BLOCK 64u

/* So many bytes one by one where something needs a closer look: a body made of such places costs little more. */
#define CLOSE_LOOK 16u

enum kind { OTHER, CR, LF, DOT, NUL, KINDS };

static const uint8_t kinds[256] = { ['\r'] = CR, ['\n'] = LF, ['.'] = DOT, [0] = NUL };

struct step {
	uint8_t next;
	uint8_t odd; /* bit number + 1 */
};

#define GO(state)                                                                                                      \
	{                                                                                                              \
		BODY_##state, 0                                                                                        \
	}
#define SEE(state, name)                                                                                               \
	{                                                                                                              \
		BODY_##state, SMTP_ODD_BIT_##name + 1                                                                  \
	}

/* clang-format off */
static const struct step steps[BODY_STATES][KINDS] = {
	/* other, CR, LF, dot, NUL */
	[BODY_LINE] = { GO(TEXT), GO(CR), SEE(LF, BARE_LF), GO(DOT), SEE(TEXT, NUL) },
	[BODY_TEXT] = { GO(TEXT), GO(CR), SEE(LF, BARE_LF), GO(TEXT), SEE(TEXT, NUL) },
	[BODY_CR] = { SEE(TEXT, BARE_CR), SEE(CR, BARE_CR), GO(LINE), SEE(CR_DOT, BARE_CR), SEE(TEXT, BARE_CR) },
	[BODY_DOT] = { GO(TEXT), GO(DOT_CR), SEE(LF, CRLF_DOT_LF), GO(TEXT), SEE(TEXT, NUL) },
	[BODY_DOT_CR] = { SEE(TEXT, CRLF_DOT_CR), SEE(CR, CRLF_DOT_CR), GO(END),
			  SEE(CR_DOT, CRLF_DOT_CR), SEE(TEXT, CRLF_DOT_CR) },
	[BODY_LF] = { GO(TEXT), GO(CR), SEE(LF, BARE_LF), GO(LF_DOT), SEE(TEXT, NUL) },
	[BODY_LF_DOT] = { GO(TEXT), GO(LF_DOT_CR), SEE(LF, LF_DOT_LF), GO(TEXT), SEE(TEXT, NUL) },
	[BODY_LF_DOT_CR] = { SEE(TEXT, LF_DOT_CR), SEE(CR, LF_DOT_CR), SEE(LINE, LF_DOT_CRLF),
			     SEE(CR_DOT, LF_DOT_CR), SEE(TEXT, LF_DOT_CR) },
	[BODY_CR_DOT] = { GO(TEXT), SEE(CR, CR_DOT_CR), SEE(LF, CR_DOT_LF), GO(TEXT), SEE(TEXT, NUL) },
};
/* clang-format on */

/* Byte by byte; stops as smtp_body_feed does. */
static uint32_t walk(uint8_t *state, const uint8_t *data, uint32_t size, uint16_t *odd)
{
	for (uint32_t i = 0; i < size; i++) {
		const struct step step = steps[*state][kinds[data[i]]];
		uint16_t seen = (uint16_t)((1u << step.odd) >> 1) & (uint16_t) ~*odd;

		*state = step.next;
		*odd |= seen;
		if (seen != 0 || step.next == BODY_END)
			return i + 1;
	}
	return size;
}

#if defined(__SSE2__)
static inline uint64_t mask_of(const __m128i bytes[4], char byte)
{
	const __m128i wanted = _mm_set1_epi8(byte);
	uint64_t mask = 0;

	for (int i = 0; i < 4; i++)
		mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes[i], wanted)) << (16 * i);
	return mask;
}

static inline bool has_zero(const __m128i bytes[4])
{
	__m128i least = _mm_min_epu8(_mm_min_epu8(bytes[0], bytes[1]), _mm_min_epu8(bytes[2], bytes[3]));

	return _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0;
}

/* The state after `count` plain bytes. */
static uint8_t state_after(uint8_t state, uint64_t cr, uint64_t lf, uint32_t count)
{
	if (count == 0)
		return state;
	uint64_t last = 1ull << (count - 1);
	return cr & last ? BODY_CR : lf & last ? BODY_LINE : BODY_TEXT;
}

/* Takes up to 64 bytes as long as nothing in them needs a closer look: every LF has its CR, every CR its LF, no
 * line begins with a dot, no zero. From the states text, CR, begin of a line only. */
static inline uint32_t plain_bytes(uint8_t *state, const uint8_t *data, uint32_t size)
{
	__m128i bytes[BLOCK / 16];

	if (size >= BLOCK) {
		size = BLOCK;
		memcpy(bytes, data, BLOCK);
	} else {
		memset(bytes, 'x', sizeof(bytes));
		memcpy(bytes, data, size);
	}
	uint64_t cr = mask_of(bytes, '\r'), lf = mask_of(bytes, '\n'), dot = mask_of(bytes, '.');
	uint64_t after_cr = cr << 1 | (*state == BODY_CR), after_lf = lf << 1 | (*state == BODY_LINE);
	uint64_t close = (lf ^ after_cr) | (dot & after_lf);
	if (has_zero(bytes))
		close |= mask_of(bytes, '\0');
	uint32_t plain = close == 0 ? size : (uint32_t)__builtin_ctzll(close);
	plain = plain < size ? plain : size;
	*state = state_after(*state, cr, lf, plain);
	return plain;
}
#else
static inline uint32_t plain_bytes(uint8_t *state, const uint8_t *data, uint32_t size)
{
	(void)state, (void)data, (void)size;
	return 0;
}
#endif

uint32_t smtp_body_feed(uint8_t *state, const uint8_t *data, uint32_t size, uint16_t *odd)
{
	uint16_t before = *odd;
	uint32_t taken = 0;

	while (taken < size && *state != BODY_END && *odd == before) {
		uint32_t left = size - taken, plain = 0;
		if (*state <= BODY_CR)
			plain = plain_bytes(state, data + taken, left);
		taken += plain;
		if (plain == BLOCK || plain == left)
			continue;
		left -= plain;
		taken += walk(state, data + taken, left < CLOSE_LOOK ? left : CLOSE_LOOK, odd);
	}
	return taken;
}
