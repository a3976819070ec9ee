/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SLUICE_CONFIG_READ_H
#define SLUICE_CONFIG_READ_H

#include "config.h"
#include "yaml_map.h"

/* Fills `config` from the document's root, noting every error in `reader`. */
void read_config(struct reader *reader, yaml_node_t *root, struct config *config);

#endif
