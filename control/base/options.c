/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"

#include <string.h>

const struct option_row option_rows[OPTIONS] = {
#define OPTION(id, name, value, environment, help) [OPTION_##id] = { name, value, environment, help },
#include "options.def"
#undef OPTION
};

enum option_id option_find(const char *name, unsigned long size)
{
	int id = 0;

	while (id < OPTIONS && (strlen(option_rows[id].name) != size || memcmp(option_rows[id].name, name, size) != 0))
		id++;
	return (enum option_id)id;
}
