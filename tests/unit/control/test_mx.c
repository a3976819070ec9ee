/* SPDX-License-Identifier: BSD-3-Clause */
/* Whose an MX host is; and the starter file of providers, whose patterns are all tried on hosts of the real world. */
#include "dns/mx.h"

#include <string.h>

#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct host_row {
	const char *host, *provider; /* NULL: nobody's */
};

/* As DNS had them. */
static const struct host_row hosts[] = {
	{ "gmail-smtp-in.l.google.com", "google" },
	{ "alt1.aspmx.l.google.com", "google" },
	{ "smtp.google.com", "google" },
	{ "aspmx2.googlemail.com", "google" },
	{ "ASPMX.L.GOOGLE.COM", "google" },
	{ "outlook-com.olc.protection.outlook.com", "outlook" },
	{ "eur.olc.protection.outlook.com", "outlook" },
	{ "microsoft-com.mail.protection.outlook.com", "office365" },
	{ "contoso-com.o-v1.mx.microsoft", "office365" },
	{ "mta5.am0.yahoodns.net", "yahoo" },
	{ "mx-aol.mail.gm0.yahoodns.net", "yahoo" },
	{ "mx-att.mail.am0.yahoodns.net", "yahoo" },
	{ "mx01.mail.icloud.com", "apple" },
	{ "mx00.gmx.net", "gmx-webde" },
	{ "mx-ha03.web.de", "gmx-webde" },
	{ "mx00.mail.com", "mailcom" },
	{ "mx01.t-online.de", "t-online" },
	{ "smtp-in.orange.fr", "orange" },
	{ "mx0a-00082601.pphosted.com", "proofpoint" },
	{ "mx1-us1.ppe-hosted.com", "proofpoint" },
	{ "eu-smtp-inbound-1.mimecast.com", "mimecast" },
	{ "za-smtp-inbound-1.mimecast.co.za", "mimecast" },
	{ "je-smtp-inbound-1.mimecast-offshore.com", "mimecast" },
	{ "d12345a.ess.barracudanetworks.com", "barracuda" },
	{ "mx1.mail.yahoo.co.jp", "yahoo-japan" },
	{ "mx3.qq.com", "qq" },
	{ "mxbiz1.qq.com", "qq" },
	{ "163mx01.mxmail.netease.com", "netease" },
	/* What only looks like one of them. */
	{ "mx.google.com.attacker.example", NULL },
	{ "mx.notgoogle.com", NULL },
	{ "mx1.hotmail.com", NULL },
	{ "google.com", NULL },
	{ "mx.example", NULL },
};

static struct config *starter(void)
{
	char *errors = NULL;
	struct config *config = config_load(STARTER_FILE, &errors);

	ck_assert_msg(config != NULL, "%s", errors);
	return config;
}

START_TEST(every_host_has_its_provider)
{
	struct config *config = starter();

	for (size_t i = 0; i < LENGTH(hosts); i++) {
		size_t at = mx_provider(config, hosts[i].host);
		const char *name = at < config->provider_count ? config->providers[at].name : NULL;
		ck_assert_msg(hosts[i].provider == NULL ? name == NULL
							: name != NULL && strcmp(name, hosts[i].provider) == 0,
			      "%s is %s's", hosts[i].host, name != NULL ? name : "nobody");
	}
	config_destroy(config);
}
END_TEST

/* Some host of the table comes to `provider`, and by this pattern. */
static bool is_hit(const struct provider *provider, const char *pattern)
{
	for (size_t i = 0; i < LENGTH(hosts); i++)
		if (hosts[i].provider != NULL && strcmp(hosts[i].provider, provider->name) == 0 &&
		    mx_fits(pattern, hosts[i].host))
			return true;
	return false;
}

START_TEST(every_pattern_can_fit)
{
	struct config *config = starter();

	ck_assert_uint_ge(config->provider_count, 15);
	for (size_t i = 0; i < config->provider_count; i++) {
		const struct provider *provider = &config->providers[i];
		ck_assert_uint_gt(provider->mx.count, 0);
		ck_assert_uint_ne(provider->limits.has | provider->each_source.has, 0);
		for (size_t j = 0; j < provider->mx.count; j++)
			ck_assert_msg(is_hit(provider, provider->mx.text[j]), "%s: no known host for %s",
				      provider->name, provider->mx.text[j]);
	}
	config_destroy(config);
}
END_TEST

START_TEST(patterns)
{
	static const char *const good[] = { "*.google.com", "mx.example", "mx*.a-b_c.example", "*" };
	static const char *const bad[] = { "", "*.google.com.", "mx?.example", "[ab].example", "a b", "a\\*" };

	for (size_t i = 0; i < LENGTH(good); i++)
		ck_assert_msg(mx_is_pattern(good[i]), "%s", good[i]);
	for (size_t i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(!mx_is_pattern(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(wider_patterns)
{
	ck_assert(mx_covers("*.outlook.com", "*.olc.protection.outlook.com"));
	ck_assert(mx_covers("*", "mx.example"));
	ck_assert(mx_covers("*.A.example", "*.a.example"));
	ck_assert(!mx_covers("*.olc.protection.outlook.com", "*.outlook.com"));
	ck_assert(!mx_covers("*.a.example", "a.example"));
	ck_assert(!mx_covers("mx1*.example", "mx*.example"));
}
END_TEST

UNIT_MAIN("mx", every_host_has_its_provider, every_pattern_can_fit, patterns, wider_patterns)
