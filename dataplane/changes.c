/* SPDX-License-Identifier: BSD-3-Clause */
#include "changes.h"

#include <errno.h>
#include <stdlib.h>

#define ROOM_FIRST 64u
#define ROOM_KEPT 4096u

int changes_add(struct changes *changes, const struct scope_key *key)
{
	if (changes->count == changes->room) {
		uint32_t room = changes->room != 0 ? changes->room * 2 : ROOM_FIRST;
		struct scope_key *grown = realloc(changes->key, room * sizeof(*grown));
		if (grown == NULL)
			return -ENOMEM;
		changes->key = grown;
		changes->room = room;
	}
	changes->key[changes->count++] = *key;
	return 0;
}

void changes_clear(struct changes *changes)
{
	changes->count = 0;
	if (changes->room > ROOM_KEPT)
		changes_free(changes);
}

void changes_free(struct changes *changes)
{
	free(changes->key);
	*changes = (struct changes){ 0 };
}
