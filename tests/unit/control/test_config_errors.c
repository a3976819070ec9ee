/* SPDX-License-Identifier: BSD-3-Clause */
/* What is wrong in a configuration is said at its place, and all of it at once. */
#include <string.h>

#include "config/config.h"
#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define GOOD_PROVIDER "- {name: p, hosts: [h]}\n"

struct error_row {
	const char *text, *errors;
};

static void check(const struct error_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *errors = NULL;
		struct config *config = config_parse("f", rows[i].text, strlen(rows[i].text), &errors);
		ck_assert_msg(config == NULL, "taken:\n%s", rows[i].text);
		ck_assert_ptr_nonnull(errors);
		ck_assert_msg(strcmp(errors, rows[i].errors) == 0, "of\n%s\nis said\n%s\nnot\n%s", rows[i].text, errors,
			      rows[i].errors);
		free(errors);
	}
}

START_TEST(not_yaml)
{
	static const struct error_row rows[] = {
		{ "", "f:1:1: the file is empty\n" },
		{ "# only a remark\n", "f:1:1: the file is empty\n" },
		{ "gate: {\n", "f:2:1: did not find expected node content, while parsing a flow node\n" },
		{ "gate: {}\n  smtp: {}\n", "f:2:3: did not find expected key, while parsing a block mapping\n" },
		{ "gate:\n\tsocket: /a\n",
		  "f:2:1: found character that cannot start any token, while scanning for the next token\n" },
		{ "gate: *a\n", "f:1:7: found undefined alias\n" },
		{ "gate: 'a\n", "f:2:1: found unexpected end of stream, while scanning a quoted scalar\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(wrong_kinds_of_nodes)
{
	static const struct error_row rows[] = {
		{ "text", "f:1:1: expected a mapping, found a single value\n" },
		{ "[gate]", "f:1:1: expected a mapping, found a list\n" },
		{ "gate: []", "f:1:7: expected a mapping, found a list\n" },
		{ "gate:\n  socket: [/a]", "f:2:11: expected a single value, found a list\n" },
		{ "gate:\n  [a]: b", "f:2:3: expected a single value, found a list\n" },
		{ "providers:", "f:1:11: expected a list, found a single value\n" },
		{ "providers: {name: p}", "f:1:12: expected a list, found a mapping\n" },
		{ "providers:\n- p", "f:2:3: expected a mapping, found a single value\n" },
		{ "customers: 5", "f:1:12: expected a list, found a single value\n" },
		{ "providers:\n- name: p\n  hosts: h\n  addresses: [10.0.0.1]",
		  "f:3:10: expected a list, found a single value\n" },
		{ "defaults: {gate: [connections]}", "f:1:18: expected a mapping, found a list\n" },
		{ "smtp: {ports: 25}",
		  "f:1:15: expected a list, found a single value\nf:1:15: ports: at least one is needed\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

#define HASH_63 "2413fb3709b05939f04cf2e92f7d0897fc2596f9ad0b8a9ea855c7bfebaae89"
#define ACCESS(more) "access: [{ name: n, right: read, " more " }]"

START_TEST(access_lists)
{
	static const struct error_row rows[] = {
		{ "access: [{ name: n }]", "f:1:10: \"right\" is missing\n"
					   "f:1:10: access: expected either token-sha256 or certificate\n" },
		{ "access: [{ name: n, right: write, certificate: c }]",
		  "f:1:28: right: \"write\": expected read or admin\n" },
		{ ACCESS("certificate: c, token-sha256: " HASH_63 "2"),
		  "f:1:10: access: expected either token-sha256 or certificate\n" },
		{ ACCESS("certificate: ''"), "f:1:47: certificate: expected the common name of a client's certificate\n"
					     "f:1:10: access: expected either token-sha256 or certificate\n" },
		{ ACCESS("token-sha256: " HASH_63),
		  "f:1:48: token-sha256: expected 64 digits of 0-9, a-f: printf %s TOKEN | sha256sum\n"
		  "f:1:10: access: expected either token-sha256 or certificate\n" },
		{ ACCESS("token-sha256: " HASH_63 "G"),
		  "f:1:48: token-sha256: expected 64 digits of 0-9, a-f: printf %s TOKEN | sha256sum\n"
		  "f:1:10: access: expected either token-sha256 or certificate\n" },
		{ "access: [{ name: a, right: read, certificate: c }, { name: b, right: admin, certificate: c }]",
		  "f:1:52: access: a second one with the same token or certificate\n" },
		{ "daemon: { listen: 192.0.2.1 }",
		  "f:1:19: listen: \"192.0.2.1\": expected an address and a port, such as 192.0.2.1:8443 or "
		  "[2001:db8::1]:8443\n" },
		{ "daemon: { listen: 192.0.2.1:8443 }", "f:1:1: daemon: listen needs certificate and key\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(keys)
{
	static const struct error_row rows[] = {
		{ "gates: {}", "f:1:1: unknown key \"gates\"; expected one of: gate, daemon, smtp, include, providers, "
			       "domains, mail-domains, tiers, warm-up, customers, import, defaults, unknown, blind, "
			       "brake, blast-radius, access\n" },
		{ "gate: {}\nsmtp: {}\ngate: {}", "f:3:1: \"gate\" stands here twice\n" },
		{ "gate:\n  port: 5", "f:2:3: unknown key \"port\" in gate\n" },
		{ "daemon: {socket: /a}", "f:1:10: unknown key \"socket\" in daemon\n" },
		{ "smtp: {hold-budget: {syn: 1s}}", "f:1:22: unknown key \"syn\" in hold-budget\n" },
		{ "blind: {stale: 1s}", "f:1:9: unknown key \"stale\" in blind\n" },
		{ "brake: {mode: on}", "f:1:15: mode: \"on\": expected one of: off learn hold\n" },
		{ "brake: {factor: 0}", "f:1:17: factor: \"0\": expected a count from 1 to 1000, such as 5\n" },
		{ "brake: {bytes: 1kB}",
		  "f:1:16: bytes: \"1kB\": expected a size from 1000000 to 1000000000000000, such as 1GB\n" },
		{ "blind: {each-source: {rate: 1/s}}",
		  "f:1:23: unknown limit \"rate\"; expected one of: connections, connection-rate, byte-rate, "
		  "message-rate\n" },
		{ "gate: {socket: /a, socket: /b}", "f:1:20: \"socket\" stands here twice\n" },
		{ "customers:\n- {}", "f:2:3: \"name\" is missing\nf:2:3: \"sources\" is missing\n" },
		{ "providers:\n- {hosts: [h]}", "f:2:3: \"name\" is missing\n" },
		{ "customers:\n- {name: c, sources: [10.0.0.1], ip: 1}",
		  "f:2:34: unknown key \"ip\"; expected one of: name, sources, weight, limits, at, tier, members\n" },
		{ "customers:\n- {name: c, sources: [{prefix: 10.0.0.1, stream: fast}]}",
		  "f:2:50: stream: \"fast\": expected bulk or transactional\n" },
		{ "customers:\n- {name: c, sources: [{ports: 1-2}]}", "f:2:23: \"prefix\" is missing\n" },
		{ "unknown: {source: {}}", "f:1:11: unknown key \"source\"; expected one of: customer, provider\n" },
		{ "defaults: {each-provider: {}}", "f:1:12: unknown key \"each-provider\"; expected one of: gate, "
						   "each-customer, each-source, each-remote, each-domain\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(values)
{
	static const struct error_row rows[] = {
		{ "gate: {socket: a}", "f:1:16: socket: \"a\": expected an absolute path of at most 100 bytes\n" },
		{ "daemon: {resolver: x}", "f:1:20: resolver: \"x\": expected an IPv4 or IPv6 address\n" },
		{ "daemon: {refresh-min: 2h}", "f:1:1: daemon: refresh-min is above refresh-max\n" },
		{ "smtp: {refuse: 422}", "f:1:16: refuse: \"422\": expected 421 or rst\n" },
		{ "smtp: {max-hold: 5}",
		  "f:1:18: max-hold: \"5\": expected a duration from 0s to 10min, such as 30s\n" },
		{ "smtp: {bulk-minimum: 101%}",
		  "f:1:22: bulk-minimum: \"101%\": expected a share from 0% to 100%, such as 10%\n" },
		{ "smtp: {bulk-minimum: 10}",
		  "f:1:22: bulk-minimum: \"10\": expected a share from 0% to 100%, such as 10%\n" },
		{ "smtp: {ports: []}", "f:1:15: ports: at least one is needed\n" },
		{ "smtp: {ports: [0, 25]}", "f:1:16: ports: \"0\": expected a port from 1 to 65535\n" },
		{ "smtp: {ports: [25, 65536]}", "f:1:20: ports: \"65536\": expected a port from 1 to 65535\n" },
		{ "smtp: {ports: [-25, 25]}", "f:1:16: ports: \"-25\": expected a port from 1 to 65535\n" },
		{ "smtp: {ports: [1, 2, 3, 4, 5, 6, 7, 8, 9]}", "f:1:40: ports: at most 8\n" },
		{ "unknown: {customer: {action: drop}}", "f:1:30: action: \"drop\": expected limit or deny\n" },
		{ "defaults: {gate: {rate: 1/s}}", "f:1:19: unknown limit \"rate\"; expected one of: connections, "
						   "connection-rate, byte-rate, message-rate\n" },
		{ "defaults: {gate: {connections: 1/s}}",
		  "f:1:32: connections: \"1/s\": expected a count such as 20\n" },
		{ "defaults: {gate: {connection-rate: 1}}", "f:1:36: connection-rate: \"1\": expected a rate such as "
							    "10/s, 600/min or \"10/s burst 20\"\n" },
		{ "defaults: {gate: {byte-rate: 1}}", "f:1:30: byte-rate: \"1\": expected a rate such as 2MB/s or "
						      "\"10Mbit/s burst 64kB\"\n" },
		{ "defaults: {gate: {message-rate: 5}}", "f:1:33: message-rate: \"5\": expected a rate such as 5/s, "
							 "100/min or \"5/s burst 20\"\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

#define NAME_WRONG(text) "f:2:10: name: \"" text "\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n"
#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define PREFIX_WRONG "\": expected an address or a prefix without host bits, such as 192.0.2.0/24\n"

START_TEST(providers)
{
	static const struct error_row rows[] = {
		{ "providers:\n- {name: , hosts: [h]}", NAME_WRONG("") },
		{ "providers:\n- {name: a b, hosts: [h]}", NAME_WRONG("a b") },
		{ "providers:\n- {name: a/b, hosts: [h]}", NAME_WRONG("a/b") },
		{ "providers:\n- {name: unknown, hosts: [h]}", NAME_WRONG("unknown") },
		{ "providers:\n- {name: " NAME_64 "4, hosts: [h]}", NAME_WRONG(NAME_64 "4") },
		{ "providers:\n" GOOD_PROVIDER GOOD_PROVIDER, "f:3:3: a second provider \"p\"\n" },
		{ "providers:\n- {name: p}", "f:2:3: a provider needs domains, mx, hosts or addresses\n" },
		{ "providers:\n- {name: p, mx: ['*.a.example.']}",
		  "f:2:18: mx: \"*.a.example.\": expected a host's name, * for any characters, no dot at the end\n"
		  "f:2:3: a provider needs domains, mx, hosts or addresses\n" },
		{ "providers:\n- {name: p, mx: ['*.example']}\n- {name: q, mx: [a.b, '*.A.example']}",
		  "f:3:23: mx: \"*.A.example\" never fits: \"*.example\" of provider \"p\" stands before it\n" },
		{ "include: [a.yaml]", "f:1:11: include: \"a.yaml\": only a file may include\n" },
		{ "providers:\n- {name: p, domains: [a, 'b c']}", "f:2:26: \"b c\": expected a domain name\n" },
		{ "providers:\n- {name: p, domains: [a, '']}", "f:2:26: \"\": expected a domain name\n" },
		{ "providers:\n- {name: p, hosts: [a, 'b:25']}", "f:2:24: \"b:25\": expected a domain name\n" },
		{ "providers:\n- {name: p, hosts: [h], addresses: [10.0.0.1/8]}", "f:2:37: \"10.0.0.1/8" PREFIX_WRONG },
		{ "providers:\n- {name: p, hosts: [h], addresses: [mx.example]}", "f:2:37: \"mx.example" PREFIX_WRONG },
	};

	check(rows, LENGTH(rows));
}
END_TEST

#define CUSTOMER(rest) "customers:\n- {name: c, " rest "}"
#define PORTS_WRONG(text) "f:2:49: ports: \"" text "\": expected a range within 0 to 65535, such as 20000-29999\n"
#define PORTS(text) CUSTOMER("sources: [{prefix: 10.0.0.1, ports: '" text "'}]")
#define VLAN(text) CUSTOMER("sources: [{prefix: 10.0.0.1, vlan: '" text "'}]")
#define VLAN_WRONG(text) "f:2:48: vlan: \"" text "\": expected 0 (untagged) to 4094\n"
#define WEIGHT(text) CUSTOMER("sources: [10.0.0.1], weight: '" text "'")
#define WEIGHT_WRONG(text) "f:2:42: weight: \"" text "\": expected a number from 1 to 1000\n"

START_TEST(customers)
{
	static const struct error_row rows[] = {
		{ CUSTOMER("sources: [10.0.0.1, 10.0.0.1]"), "f:2:33: this source is customer \"c\"'s already\n" },
		{ CUSTOMER("sources: [10.0.0.1]") "\n- {name: d, sources: [10.0.0.1/32]}",
		  "f:3:23: this source is customer \"c\"'s already\n" },
		{ CUSTOMER("sources: [10.0.0.1]") "\n- {name: c, sources: [10.0.0.2]}",
		  "f:3:3: a second customer \"c\"\n" },
		{ CUSTOMER("sources: [10.0.0.1/24]"), "f:2:23: \"10.0.0.1/24" PREFIX_WRONG },
		{ CUSTOMER("sources: [10.0.0.1], at: {p: {connections: 1}}"),
		  "f:2:39: no provider \"p\" (providers stand before customers)\n" },
		{ PORTS(""), PORTS_WRONG("") },
		{ PORTS("a"), PORTS_WRONG("a") },
		{ PORTS("65536"), PORTS_WRONG("65536") },
		{ PORTS("2-1"), PORTS_WRONG("2-1") },
		{ PORTS("1-65536"), PORTS_WRONG("1-65536") },
		{ PORTS("1-2-3"), PORTS_WRONG("1-2-3") },
		{ PORTS("1-"), PORTS_WRONG("1-") },
		{ PORTS("-1"), PORTS_WRONG("-1") },
		{ PORTS("1--2"), PORTS_WRONG("1--2") },
		{ PORTS("1,2"), PORTS_WRONG("1,2") },
		{ PORTS("18446744073709551617"), PORTS_WRONG("18446744073709551617") },
		{ VLAN("4095"), VLAN_WRONG("4095") },
		{ VLAN("-1"), VLAN_WRONG("-1") },
		{ VLAN("any"), VLAN_WRONG("any") },
		{ WEIGHT("0"), WEIGHT_WRONG("0") },
		{ WEIGHT("1001"), WEIGHT_WRONG("1001") },
		{ WEIGHT("1.5"), WEIGHT_WRONG("1.5") },
		{ CUSTOMER("sources: [10.0.0.1], tier: old"),
		  "f:2:40: tier: \"old\": expected new, normal or trusted\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

#define POOL(name, source, members) "- {name: " name ", sources: [" source "], members: [" members "]}\n"

START_TEST(pools)
{
	static const struct error_row rows[] = {
		{ "customers:\n" POOL("p", "10.0.0.1", "a/b"),
		  "f:2:44: name: \"a/b\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n" },
		{ "customers:\n" POOL("p", "10.0.0.1", "a, a"),
		  "f:2:3: member \"a\" of pool \"p\" is pool \"p\"'s already\n" },
		{ "customers:\n" POOL("p", "10.0.0.1", "a, b") POOL("q", "10.0.0.2", "c, b"),
		  "f:3:3: member \"b\" of pool \"q\" is pool \"p\"'s already\n" },
		{ "customers:\n" POOL("p", "10.0.0.1", "a, q") POOL("q", "10.0.0.2", ""),
		  "f:2:3: member \"q\" of pool \"p\" is a customer of its own\n" },
		{ "customers:\n- {name: p, sources: [10.0.0.1], members: a}\n",
		  "f:2:43: expected a list, found a single value\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(tiers)
{
	static const struct error_row rows[] = {
		{ "tiers: {old: {}}", "f:1:9: unknown tier \"old\"; expected new, normal or trusted\n" },
		{ "tiers: [new]", "f:1:8: expected a mapping, found a list\n" },
		{ "tiers: {new: {connections: 1}}",
		  "f:1:15: unknown key \"connections\"; expected one of: limits, blind, brake-factor\n" },
		{ "tiers: {new: {blind: {connections: x}}}",
		  "f:1:36: connections: \"x\": expected a count such as 20\n" },
		{ "tiers: {new: {brake-factor: 0}}",
		  "f:1:29: brake-factor: \"0\": expected a number from 1 to 1000\n" },
		{ "tiers: {new: {brake-factor: 1001}}",
		  "f:1:29: brake-factor: \"1001\": expected a number from 1 to 1000\n" },
		{ "warm-up: {}", "f:1:10: expected a list, found a mapping\n" },
		{ "warm-up: [{limits: {connections: 1}}]",
		  "f:1:11: a step needs \"for\", \"messages\" or both: what it takes to leave it\n" },
		{ "warm-up: [{for: soon}]", "f:1:17: for: \"soon\": expected a duration up to 366d, such as 3d\n" },
		{ "warm-up: [{for: 367d}]", "f:1:17: for: \"367d\": expected a duration up to 366d, such as 3d\n" },
		{ "warm-up: [{messages: many}]", "f:1:22: messages: \"many\": expected a count such as 500\n" },
		{ "warm-up: [{for: 1d, after: 2d}]",
		  "f:1:21: unknown key \"after\"; expected one of: limits, for, messages\n" },
		{ "import: {tier: some}", "f:1:16: tier: \"some\": expected new, normal or trusted\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

START_TEST(too_many_steps)
{
	char text[1024] = "warm-up:\n", *errors = NULL;

	for (int i = 0; i < 33; i++)
		strcat(text, "- {for: 1d}\n");
	ck_assert_ptr_null(config_parse("f", text, strlen(text), &errors));
	ck_assert_str_eq(errors, "f:34:3: warm-up: at most 32 steps\n");
	free(errors);
}
END_TEST

START_TEST(all_of_them_at_once)
{
	static const struct error_row rows[] = {
		{ "gate:\n  socket: relative\n  port: 1\nsmtp:\n  refuse: no\n  ports: [0]\n"
		  "providers:\n- name: p q\ncustomers:\n- sources: [10.0.0.1, 10.0.0.300]\n  weight: x\nmore: 1\n",
		  "f:2:11: socket: \"relative\": expected an absolute path of at most 100 bytes\n"
		  "f:3:3: unknown key \"port\" in gate\n"
		  "f:5:11: refuse: \"no\": expected 421 or rst\n"
		  "f:6:11: ports: \"0\": expected a port from 1 to 65535\n"
		  "f:6:10: ports: at least one is needed\n"
		  "f:8:9: name: \"p q\": expected 1 to 64 letters, digits, - _ . (and not \"unknown\")\n"
		  "f:8:3: a provider needs domains, mx, hosts or addresses\n"
		  "f:10:23: \"10.0.0.300" PREFIX_WRONG "f:11:11: weight: \"x\": expected a number from 1 to 1000\n"
		  "f:10:3: \"name\" is missing\n"
		  "f:12:1: unknown key \"more\"; expected one of: gate, daemon, smtp, include, providers, domains, "
		  "mail-domains, tiers, warm-up, customers, import, defaults, unknown, blind, brake, blast-radius, "
		  "access\n" },
	};

	check(rows, LENGTH(rows));
}
END_TEST

UNIT_MAIN("config_errors", access_lists, not_yaml, wrong_kinds_of_nodes, keys, values, providers, customers, pools,
	  tiers, too_many_steps, all_of_them_at_once)
