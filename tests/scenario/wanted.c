/* SPDX-License-Identifier: BSD-3-Clause */
#include "wanted.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

static const struct {
	const char *name;
	uint8_t flags;
} flag_words[] = {
	{ "SYN", TCP_SYN },
	{ "SYN-ACK", TCP_SYN | TCP_ACK },
	{ "ACK", TCP_ACK },
	{ "FIN", TCP_FIN | TCP_ACK },
	{ "FIN-ONLY", TCP_FIN },
	{ "RST", TCP_RST },
	{ "RST-ACK", TCP_RST | TCP_ACK },
	{ "SYN-FIN", TCP_SYN | TCP_FIN },
	{ "NO-FLAGS", 0 },
};

static const char *const key_names[KEYS] = { "seq",    "ack", "win",   "len",	"mss",
					     "wscale", "isn", "first", "again", "queue" };

static const struct {
	const char *name;
	unsigned flaw;
} flaw_words[] = {
	{ "bad-checksum", FLAW_TCP_SUM },	   { "bad-ip-checksum", FLAW_IP_SUM },
	{ "partial-checksum", FLAW_PARTIAL },	   { "fragment", FLAW_FRAGMENT },
	{ "later-fragment", FLAW_LATER_FRAGMENT }, { "truncated", FLAW_TRUNCATED },
	{ "extension-header", FLAW_EXTENSION },	   { "bad-header", FLAW_TCP_HEADER },
};

static const struct {
	const char *name;
	size_t offset;
} fate_words[] = {
	{ "stays", offsetof(struct wanted, stays) },   { "lost", offsetof(struct wanted, lost) },
	{ "queued", offsetof(struct wanted, queued) }, { "older", offsetof(struct wanted, older) },
	{ "closed", offsetof(struct wanted, closed) },
};

static const struct {
	const char *name;
	uint8_t type;
} records[] = {
	{ "ccs", TLS_CHANGE_CIPHER_SPEC },
	{ "alert", TLS_ALERT },
	{ "handshake", TLS_HANDSHAKE },
	{ "data", TLS_APPLICATION_DATA },
};

static const char *add_bytes(struct wanted *wanted, const void *bytes, uint32_t size)
{
	if (size > sizeof(wanted->payload) - wanted->size)
		return "too much payload for one packet";
	if (bytes != NULL)
		memcpy(wanted->payload + wanted->size, bytes, size);
	else
		memset(wanted->payload + wanted->size, 'x', size);
	wanted->size += size;
	return NULL;
}

/* A record may be longer than a packet: then the packet has its beginning. */
static const char *add_record(struct wanted *wanted, uint8_t type, int64_t size)
{
	const uint8_t header[5] = { type, 3, 3, (uint8_t)(size >> 8), (uint8_t)size };
	const char *wrong = add_bytes(wanted, header, sizeof(header));
	uint32_t room = (uint32_t)sizeof(wanted->payload) - wanted->size;

	if (size < 0 || size > UINT16_MAX)
		return "a record's size is 0 to 65535";
	return wrong != NULL ? wrong : add_bytes(wanted, NULL, size < room ? (uint32_t)size : room);
}

static uint8_t take_record_type(struct words *words)
{
	for (unsigned i = 0; i < ROWS(records); i++)
		if (words_take_if(words, records[i].name))
			return records[i].type;
	return 0;
}

/* "handshake 200 ccs data 60": one record after the other, each with a body of so many bytes (else 1). */
static const char *read_tls(struct wanted *wanted, struct words *words)
{
	const char *wrong = "tls is followed by handshake, ccs, data or alert, and a size";

	for (uint8_t type = take_record_type(words); type != 0; type = take_record_type(words)) {
		int64_t size = 1;
		if (words->count > 0 && number_read(words->first->text, &size))
			words_take(words);
		wrong = add_record(wanted, type, size);
		if (wrong != NULL)
			break;
	}
	return wrong;
}

static bool read_number(const char *text, struct number *ret_number)
{
	ret_number->kind = text[0] == '+' || text[0] == '-' ? NUMBER_OFFSET : NUMBER_EXACT;
	return number_read(text, &ret_number->value);
}

static bool read_stamp(const char *text, struct wanted *wanted)
{
	char *end;

	wanted->stamped = true;
	wanted->tsval = (uint32_t)strtoul(text, &end, 0);
	if (*end == '/')
		wanted->tsecr = (uint32_t)strtoul(end + 1, &end, 0);
	return *end == '\0';
}

/* key=value; false when the word is none of those. */
static bool read_key(const struct word *word, struct wanted *wanted, const char **ret_wrong)
{
	const char *value = word_value(word, "ts");

	if (value != NULL) {
		*ret_wrong = read_stamp(value, wanted) ? NULL : "ts=VALUE or ts=VALUE/ECHO";
		return true;
	}
	for (int key = 0; key < KEYS; key++) {
		value = word_value(word, key_names[key]);
		if (value == NULL)
			continue;
		*ret_wrong = read_number(value, &wanted->number[key]) ? NULL : "not a number after =";
		return true;
	}
	return false;
}

static bool read_word(const char *text, struct wanted *wanted)
{
	for (unsigned i = 0; i < ROWS(flag_words); i++) {
		if (strcmp(flag_words[i].name, text) != 0)
			continue;
		wanted->has_flags = true;
		wanted->flags |= flag_words[i].flags;
		return true;
	}
	for (unsigned i = 0; i < ROWS(flaw_words); i++) {
		if (strcmp(flaw_words[i].name, text) != 0)
			continue;
		wanted->flaws |= flaw_words[i].flaw;
		return true;
	}
	for (unsigned i = 0; i < ROWS(fate_words); i++) {
		if (strcmp(fate_words[i].name, text) != 0)
			continue;
		*((bool *)wanted + fate_words[i].offset) = true;
		return true;
	}
	return false;
}

/* len= fills up to so many bytes, first= keeps only so many. */
static const char *finish(struct wanted *wanted)
{
	const struct number *length = &wanted->number[KEY_LEN], *first = &wanted->number[KEY_FIRST];
	const char *wrong = NULL;

	if (length->kind != NUMBER_NONE && length->value > wanted->size)
		wrong = add_bytes(wanted, NULL, (uint32_t)length->value - wanted->size);
	if (first->kind != NUMBER_NONE && first->value >= 0 && first->value < wanted->size)
		wanted->size = (uint32_t)first->value;
	return wrong;
}

static const char *read_next(struct words *words, struct wanted *wanted)
{
	static char message[128];
	const struct word word = *words->first;
	const char *wrong = NULL;

	words_take(words);
	if (word.quoted)
		return add_bytes(wanted, word.text, word.size);
	if (strcmp(word.text, "tls") == 0)
		return read_tls(wanted, words);
	if (strcmp(word.text, "again") == 0) {
		wanted->number[KEY_AGAIN] = (struct number){ NUMBER_EXACT, 1 };
		return NULL;
	}
	if (strcmp(word.text, "at") == 0 && words->count > 0) {
		wanted->has_at = true;
		return time_read(words_take(words), &wanted->at) ? NULL : "at is followed by a time, as 1.5s";
	}
	if (read_key(&word, wanted, &wrong) || read_word(word.text, wanted))
		return wrong;
	snprintf(message, sizeof(message), "\"%.40s\" says nothing of a packet", word.text);
	return message;
}

const char *wanted_read(struct words words, struct wanted *ret_wanted)
{
	const char *wrong = NULL;

	memset(ret_wanted, 0, sizeof(*ret_wanted));
	while (words.count > 0 && wrong == NULL)
		wrong = read_next(&words, ret_wanted);
	return wrong != NULL ? wrong : finish(ret_wanted);
}
