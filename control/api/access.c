/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/access.h"

#include <stdio.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define BEARER "Bearer " /* RFC 6750, 2.1 */

static bool take(const struct access *access, struct who *ret_who)
{
	snprintf(ret_who->author, sizeof(ret_who->author), "%s", access->name);
	ret_who->right = access->admin ? RIGHT_ADMIN : RIGHT_READ;
	return true;
}

/* All are looked at, each for the same time: how long it takes tells nothing about a token. */
static bool by_token(const struct config *config, const char *token, struct who *ret_who)
{
	const struct access *found = NULL;
	uint8_t hash[ACCESS_HASH];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, token, strlen(token), hash) < 0)
		return false;
	for (size_t i = 0; i < config->access_count; i++)
		if (config->access[i].has_token && gnutls_memcmp(config->access[i].token, hash, sizeof(hash)) == 0)
			found = &config->access[i];
	return found != NULL && take(found, ret_who);
}

/* The common name of a certificate the authority has signed; false when there is none. */
static bool common_name(gnutls_session_t session, char *out, size_t size)
{
	unsigned status = 1, count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
	gnutls_x509_crt_t certificate;

	if (count == 0 || gnutls_certificate_verify_peers2(session, &status) < 0 || status != 0)
		return false;
	if (gnutls_x509_crt_init(&certificate) < 0)
		return false;
	bool named = gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == 0 &&
		     gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, out, &size) == 0;
	gnutls_x509_crt_deinit(certificate);
	return named;
}

static bool by_certificate(const struct config *config, gnutls_session_t session, struct who *ret_who)
{
	char name[256];

	if (!common_name(session, name, sizeof(name)))
		return false;
	for (size_t i = 0; i < config->access_count; i++)
		if (config->access[i].certificate != NULL && strcmp(config->access[i].certificate, name) == 0)
			return take(&config->access[i], ret_who);
	return false;
}

bool access_who(const struct config *config, struct MHD_Connection *connection, struct who *ret_who)
{
	const char *header = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);

	if (header != NULL)
		return strncmp(header, BEARER, strlen(BEARER)) == 0 &&
		       by_token(config, header + strlen(BEARER), ret_who);
	return info != NULL && by_certificate(config, info->tls_session, ret_who);
}
