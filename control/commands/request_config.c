/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/request_config.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "daemon.h"

void request_refuse_errors(struct request *request, const char *argument, char *errors)
{
	size_t count = 0;

	for (char *at = errors; at != NULL && *at != '\0'; at++) {
		count += *at == '\n';
		if (*at == '\n')
			*at = at[1] != '\0' ? ';' : '\0';
	}
	request_refuse(request, argument, "nothing was taken, %zu error%s: %s", count, count == 1 ? "" : "s",
		       errors != NULL ? errors : "no memory");
}

struct config *request_config(struct request *request, const char *argument)
{
	const char *text = request_text(request, argument);
	char *errors = NULL;
	struct config *config = config_of_text(request->daemon->config_path, text, strlen(text), &errors);

	if (config == NULL)
		request_refuse_errors(request, argument, errors);
	free(errors);
	return config;
}
