/* SPDX-License-Identifier: BSD-3-Clause */
/* From the document's nodes to the configuration. Every function notes what is wrong in `reader`. */
#ifndef SLUICE_CONFIG_READ_H
#define SLUICE_CONFIG_READ_H

#include "config/config.h"
#include "config/yaml_map.h"

/* Fills `config` from the document's root. */
void read_config(struct reader *reader, yaml_node_t *root, struct config *config);

/* config_providers.c: the list of providers, and what an included file may have. */
void read_providers(struct reader *reader, yaml_node_t *node, void *config);
void read_domains(struct reader *reader, yaml_node_t *node, void *config);

/* config_include.c: reads the files named in a list, each of which may have providers and domains. */
void read_includes(struct reader *reader, yaml_node_t *node, void *config);

/* config.c: one document from a text; noted in `reader` are what is wrong with it, and the document, to be deleted
 * when this is true. */
bool load_document(struct reader *reader, const char *text, size_t size);

/* config_customers.c: the list of customers; `config` has the providers by then. */
void read_customers(struct reader *reader, yaml_node_t *node, void *config);

/* config_tiers.c: what holds for each customer of a tier, and how new ones rise. */
void read_tiers(struct reader *reader, yaml_node_t *node, void *config);
void read_warm_up(struct reader *reader, yaml_node_t *node, void *config);

/* config_access.c: the list of those who may ask over TLS. */
void read_access(struct reader *reader, yaml_node_t *node, void *config);

/* config_domains.c: the list of mail domains. */
void read_mail_domains(struct reader *reader, yaml_node_t *node, void *config);

/* What these parts share. read_name() is NULL, read_prefix() false when it is none. */
char *read_name(struct reader *reader, yaml_node_t *node);
void read_string(struct reader *reader, yaml_node_t *node, void *strings);
bool read_prefix(struct reader *reader, yaml_node_t *node, struct prefix *ret_prefix);
void read_limits(struct reader *reader, yaml_node_t *node, struct limits *limits);

/* Makes room for one more at the end of an array, zeroed; `array` is the address of its pointer. */
void *grow(void *array, size_t *count, size_t size);

#endif
