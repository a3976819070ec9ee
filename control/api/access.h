/* SPDX-License-Identifier: BSD-3-Clause */
/* Who a remote client is: by the token it sends or the certificate it shows, held against the configuration's list. */
#ifndef SLUICE_ACCESS_H
#define SLUICE_ACCESS_H

#include <stdbool.h>

#include <microhttpd.h>

#include "api/listener.h"

/* False when it is nobody who is listed. */
bool access_who(const struct config *config, struct MHD_Connection *connection, struct who *ret_who);

#endif
