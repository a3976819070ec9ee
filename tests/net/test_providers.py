# SPDX-License-Identifier: BSD-3-Clause
"""Whose an MX host is, its name says: domains that are nobody's, and a domain that moved to another provider."""
import sys

from client import Client
from harness import expect, main
from shell import wait_until

# outlook.example is nobody's; icloud.example was google's and has apple's hosts now.
CONFIG = {
    "daemon": {"keep-addresses": "5s"},
    "providers": {
        "microsoft": {"domains": [], "mx": ["*.MICROSOFT.example"]},
        "google": {"domains": ["gmail.example", "icloud.example"], "mx": ["*.google.example"]},
        "apple": {"domains": [], "mx": ["mx*.apple.example"]},
    },
    "domains": ["outlook.example"],
}


def addresses(bed):
    return {row["provider"]: row["addresses"] for row in bed.ctl("providers")["rows"]}


def provider_of_connection(bed, there):
    client = Client(bed, "acme", there).connect()
    try:
        client.reply()
        rows = bed.ctl("flows", "--customer", "acme")["rows"]
        return [row["provider"] for row in rows if row["provider"] != "unknown"]
    finally:
        client.close()


def test_hosts_go_to_their_provider(bed):
    found = addresses(bed)
    expect({name: found[name] for name in CONFIG["providers"]} == {"microsoft": 4, "google": 4, "apple": 4}, found)
    for there in CONFIG["providers"]:
        seen = provider_of_connection(bed, there)
        expect(there in seen, f"a connection to {there} counts as {seen}")
    return "four addresses each: of a domain that is nobody's, of one's own, of one that moved"


def test_host_without_pattern_is_unknown(bed):
    elsewhere = {**CONFIG["providers"], "microsoft": {"domains": [], "mx": ["*.other.example"]}}
    bed.reload({**CONFIG, "providers": elsewhere})
    wait_until(lambda: addresses(bed)["microsoft"] == 0, 40, "the old answers ran out")
    expect("microsoft" not in provider_of_connection(bed, "microsoft"), "it still counts as microsoft")
    expect("which no pattern fits: not taken" in bed.log_of("daemon"), "the log does not name the host")
    return "not taken, and the log names it"


if __name__ == "__main__":
    main(sys.modules[__name__], CONFIG)
