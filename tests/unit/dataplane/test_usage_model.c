/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that are admitted, move, are adopted, refused and end in any order, under limits that change: what the
 * meters say is what a plain account of every scope key says, and an admission takes all or nothing. */
#include "dice.h"
#include "queue.h"
#include "seat.h"
#include "uses.h"

#define FLOWS 24u
#define CUSTOMERS 5u
#define PROVIDERS 3u
#define DOMAINS 4u
#define THINGS 64u

/* One scope key, by the account. `used`: tokens, as they come back with time. */
struct thing {
	struct scope_key key;
	uint32_t connections, references;
	uint64_t admitted, refused, bytes;
	struct limits limits;
	uint32_t layout;
	double used;
	uint64_t at;
};

static struct thing thing[THINGS];
static unsigned things;

static struct customer_flow {
	struct flow *flow;
	uint32_t customer, provider;
	uint64_t domain;
	bool open, counted;
} flows[FLOWS];

static struct thing *thing_of(const struct scope_key *key)
{
	for (unsigned i = 0; i < things; i++)
		if (memcmp(&thing[i].key, key, sizeof(*key)) == 0)
			return &thing[i];
	ck_assert_uint_lt(things, THINGS);
	thing[things] = (struct thing){ .key = *key, .at = START };
	return &thing[things++];
}

static bool limited(const struct thing *of, enum limit_kind kind)
{
	return of->limits.has & 1u << kind;
}

static void pass_time(struct thing *of, uint64_t now)
{
	const struct limit *rate = &of->limits.kind[LIMIT_CONNECTION_RATE];

	if (limited(of, LIMIT_CONNECTION_RATE))
		of->used -= (double)(now - of->at) * (double)rate->amount / (double)rate->per_ns;
	of->used = of->used > 0 ? of->used : 0;
	of->at = now;
}

/* The limits now in force: tokens used stay used; what was not limited begins as at the gate's start. */
static void refresh(struct thing *of, uint64_t now)
{
	bool was = limited(of, LIMIT_CONNECTION_RATE);

	pass_time(of, now);
	if (of->layout == table_layout(worker->table))
		return;
	of->layout = table_layout(worker->table);
	table_limits(&worker->rcu, worker->table, &of->key, &of->limits);
	if (!limited(of, LIMIT_CONNECTION_RATE) || was)
		return;
	of->used = (double)of->limits.kind[LIMIT_CONNECTION_RATE].burst;
	of->at = START;
	pass_time(of, now);
}

static struct thing *things_of(const struct customer_flow *of, int scope)
{
	struct scopes scopes = uses_scopes(of->customer, of->provider);

	if (of->domain != DOMAIN_NONE)
		scopes.key[SCOPE_DOMAIN] = domain_scope(of->domain);
	return thing_of(&scopes.key[scope]);
}

#define EACH_THING(of, it)                                                                                             \
	for (int scope_ = 0; scope_ < SCOPES; scope_++)                                                                \
		for (struct thing *it = things_of(of, scope_); it != NULL; it = NULL)

static void leave(struct customer_flow *of)
{
	EACH_THING(of, it)
	{
		it->references--;
		it->connections -= of->counted;
	}
}

/* Opens it, or moves it with its slots. */
static void sit(struct customer_flow *of, struct dice *dice, uint64_t now)
{
	uint32_t customer = 1 + (uint32_t)dice_roll(dice, CUSTOMERS),
		 provider = 1 + (uint32_t)dice_roll(dice, PROVIDERS);

	uses_sit(of->flow, customer, provider, now);
	if (of->open)
		leave(of);
	of->customer = customer;
	of->provider = provider;
	of->domain = DOMAIN_NONE;
	of->open = true;
	EACH_THING(of, it)
	{
		refresh(it, now);
		it->references++;
		it->connections += of->counted;
	}
}

/* Does anybody else wait for it? */
static bool waited_for(const struct customer_flow *of, uint32_t meter)
{
	for (uint32_t i = 0; i < FLOWS; i++) {
		const struct wait *wait = hold_of(worker, flows[i].flow);
		if (&flows[i] != of && wait != NULL && wait->ticket != 0 &&
		    queue_thing(gate.meters->queues[QUEUE_CONNECTIONS], wait->ticket) == meter)
			return true;
	}
	return false;
}

enum says { SAYS_NOW, SAYS_LATER, SAYS_NEVER, SAYS_EITHER };

/* What the account says: either, where others wait (whose turn it is is the queue's business), or within a millionth
 * of a token. */
static enum says expected(struct customer_flow *of)
{
	bool never = false, later = false, either = false;

	EACH_THING(of, it)
	{
		uint64_t most = it->limits.kind[LIMIT_CONNECTIONS].amount;
		double left = (double)it->limits.kind[LIMIT_CONNECTION_RATE].burst - it->used - 1;
		bool rate = limited(it, LIMIT_CONNECTION_RATE), slots = limited(it, LIMIT_CONNECTIONS);
		never |= slots && most == 0;
		later |= slots && it->connections >= most;
		later |= rate && left <= -1e-6;
		either |= rate && left < 1e-6;
		either |= (rate || slots) && waited_for(of, flow_meter(of->flow, it->key.scope));
	}
	return never ? SAYS_NEVER : later ? SAYS_LATER : either ? SAYS_EITHER : SAYS_NOW;
}

static uint64_t answers[ADMIT_NEVER + 1][SAYS_EITHER + 1];

/* Who waits stands in one queue, and that of a scope of his own; who does not in none. */
static void check_ticket(const struct customer_flow *of, enum admission admission)
{
	const struct wait *wait = hold_of(worker, of->flow);
	int mine = 0;

	ck_assert((wait != NULL) == (admission != ADMIT_NOW));
	for (int scope = 0; admission == ADMIT_LATER && scope < SCOPES; scope++)
		mine += queue_thing(gate.meters->queues[QUEUE_CONNECTIONS], wait->ticket) ==
			flow_meter(of->flow, scope);
	ck_assert(admission != ADMIT_LATER || (wait->ticket != 0 && mine == 1));
}

static void end(struct customer_flow *of, uint64_t now)
{
	uses_end(of->flow, now);
	leave(of);
	*of = (struct customer_flow){ .flow = of->flow };
}

static void admit(struct customer_flow *of, uint64_t now)
{
	const size_t size = (USES_METERS + 1) * sizeof(struct meter);
	static uint8_t before[(USES_METERS + 1) * sizeof(struct meter)];
	uint64_t when = 0;

	usage_refresh(worker, of->flow, now);
	EACH_THING(of, it)
	refresh(it, now);
	memcpy(before, gate.meters->meter, size);
	enum says should = expected(of);
	enum admission is = uses_ask(of->flow, now, &when);
	ck_assert_msg((int)should == (int)is || (should == SAYS_EITHER && is <= ADMIT_LATER), "%d, expected %d", is,
		      should);
	ck_assert(is != ADMIT_LATER || when > now);
	check_ticket(of, is);
	answers[is][should]++;
	if (is != ADMIT_NOW) {
		ck_assert_mem_eq(gate.meters->meter, before, size);
		if (is == ADMIT_NEVER)
			end(of, now); /* refused */
		return;
	}
	of->counted = true;
	EACH_THING(of, it)
	{
		it->used += limited(it, LIMIT_CONNECTION_RATE);
		it->connections++;
		it->admitted++;
	}
}

/* One that runs already: it waits for nothing. */
static void adopt(struct customer_flow *of, uint64_t now)
{
	admission_withdraw(worker, of->flow, now);
	hold_purge(worker, of->flow);
	seat_count_slots(worker, of->flow);
	of->counted = true;
	EACH_THING(of, it)
	it->connections++;
}

/* Its client names a domain, perhaps the same: it comes there with its slot. */
static void name(struct customer_flow *of, struct dice *dice, uint64_t now)
{
	struct thing *from = things_of(of, SCOPE_DOMAIN);
	const struct scope_key key = domain_scope(1 + dice_roll(dice, DOMAINS));

	ck_assert(usage_move(worker, of->flow, &key, now));
	from->references--;
	from->connections -= of->counted;
	of->domain = domain_in(&key);
	struct thing *to = things_of(of, SCOPE_DOMAIN);
	refresh(to, now);
	to->references++;
	to->connections += of->counted;
	to->admitted += of->counted;
}

static void give(struct customer_flow *of, uint64_t now)
{
	usage_give_slots(worker, of->flow, now);
	EACH_THING(of, it)
	it->connections -= of->counted;
	of->counted = false;
}

static void refuse(struct customer_flow *of)
{
	seat_refused(worker, of->flow);
	EACH_THING(of, it)
	it->refused++;
}

static void send(struct customer_flow *of, uint32_t bytes)
{
	flow_count_out(of->flow, bytes);
	usage_tell(worker, of->flow);
	EACH_THING(of, it)
	it->bytes += bytes;
}

/* Acquired and given back at once, as when the flow table is full. */
static void look_in(struct dice *dice, uint64_t now)
{
	const struct customer_flow of = { .customer = 1 + (uint32_t)dice_roll(dice, CUSTOMERS), .provider = 1 };
	const struct scopes scopes = uses_scopes(of.customer, of.provider);
	struct seats seats;

	ck_assert(usage_acquire(worker, &scopes, &seats, now));
	usage_release(worker, &seats, now);
	EACH_THING(&of, it)
	refresh(it, now);
}

static void publish(uint32_t number)
{
	const struct scope_key everybody = { SCOPE_CUSTOMER, .customer = ID_ANY }, all = { SCOPE_GATE };

	uses_limit(all, LIMIT_CONNECTIONS, 6 + number % 3, 1);
	if (number % 4 == 0)
		uses_limit(all, LIMIT_CONNECTION_RATE, 40 + 20 * (number % 4), 1 + number % 5);
	uses_limit(everybody, LIMIT_CONNECTIONS, 1 + number % 3, 1);
	uses_limit((struct scope_key){ SCOPE_CUSTOMER, .customer = 3 }, LIMIT_CONNECTIONS, number % 2, 1);
	uses_limit((struct scope_key){ SCOPE_CUSTOMER, .customer = 4 }, LIMIT_CONNECTION_RATE, 3 + number % 7, 2);
	uses_limit((struct scope_key){ SCOPE_PROVIDER, .provider = ID_ANY }, LIMIT_CONNECTION_RATE, 15, 3);
	uses_limit((struct scope_key){ SCOPE_REMOTE, .provider = 2 }, LIMIT_CONNECTIONS, 2, 1);
	if (number % 7 == 0)
		uses_lift(all);
	if (number % 5 == 0)
		uses_lift(everybody);
}

static void act(struct dice *dice, struct customer_flow *of, uint64_t now)
{
	uint64_t what = dice_roll(dice, 17);

	if (!of->open)
		sit(of, dice, now);
	else if (what == 0)
		sit(of, dice, now);
	else if (what == 1)
		end(of, now);
	else if (what == 2)
		refuse(of);
	else if (what == 3)
		send(of, (uint32_t)dice_roll(dice, 3000));
	else if (what == 16 && of->counted) /* a SYN names nobody */
		name(of, dice, now);
	else if (what <= 6)
		give(of, now);
	else if (what == 7)
		look_in(dice, now);
	else if (!of->counted && what == 8 && dice_roll(dice, 4) == 0)
		adopt(of, now);
	else if (!of->counted)
		admit(of, now);
}

static void check_meter(void *context, const struct meter *meter)
{
	const struct thing *of = thing_of(&meter->key);

	ck_assert_uint_eq(meter->connections, of->connections);
	ck_assert_uint_eq(meter->references, of->references);
	ck_assert_uint_eq(meter->admitted, of->admitted);
	ck_assert_uint_eq(meter->refused, of->refused);
	ck_assert_uint_eq(meter->bytes, of->bytes);
	++*(unsigned *)context;
}

static void check_all(uint64_t now)
{
	unsigned seen = 0;

	meters_walk(gate.meters, 0, METERS_ALL, now, UINT32_MAX, check_meter, &seen);
	ck_assert_uint_eq(seen, things);
	for (uint32_t i = 0; i < FLOWS; i++)
		ck_assert(flows[i].flow->counted == flows[i].counted &&
			  (flow_meter(flows[i].flow, 0) != 0) == flows[i].open);
}

/* Every ticket can be had again, and not one more. */
static void check_tickets(void)
{
	const struct share share = { 0, 1 };
	const struct place place = { 0, 1 };
	uint32_t ticket[USES_METERS], none;

	for (uint32_t i = 0; i < USES_METERS; i++)
		ck_assert_uint_ne(ticket[i] = queue_join(gate.meters->queues[QUEUE_CONNECTIONS], 1, &share, &place), 0);
	none = queue_join(gate.meters->queues[QUEUE_CONNECTIONS], 1, &share, &place);
	ck_assert_uint_eq(none, 0);
	for (uint32_t i = 0; i < USES_METERS; i++)
		queue_leave(gate.meters->queues[QUEUE_CONNECTIONS], ticket[i]);
}

static void drain_wheel(uint64_t now)
{
	struct wheel_due due[64];

	while (wheel_expire(worker->wheel, now, due, 64) > 0)
		continue;
}

static void open_flows(void)
{
	for (uint32_t i = 0; i < FLOWS; i++)
		flows[i].flow = uses_flow();
}

static void check_answers(void)
{
	ck_assert_uint_gt(answers[ADMIT_NOW][SAYS_NOW], 200);
	ck_assert_uint_gt(answers[ADMIT_LATER][SAYS_LATER], 200);
	ck_assert_uint_gt(answers[ADMIT_NEVER][SAYS_NEVER], 200);
	ck_assert_uint_gt(answers[ADMIT_NOW][SAYS_EITHER], 50);
	ck_assert_uint_gt(answers[ADMIT_LATER][SAYS_EITHER], 50);
}

START_TEST(as_the_account)
{
	struct dice dice = { 30 };
	uint64_t now = START;

	open_flows();
	publish(1);
	for (uint32_t step = 1; step <= 40000; step++) {
		if (dice_roll(&dice, 500) == 0)
			publish((uint32_t)dice_roll(&dice, 1000));
		now += dice_roll(&dice, 3) == 0 ? dice_roll(&dice, S / 20) : 0;
		act(&dice, &flows[dice_roll(&dice, FLOWS)], now);
		drain_wheel(now);
		if (step % 20 == 0)
			check_all(now);
	}
	check_answers();
	for (uint32_t i = 0; i < FLOWS; i++)
		if (flows[i].open)
			end(&flows[i], now);
	check_all(now);
	check_tickets();
	for (unsigned i = 0; i < things; i++)
		ck_assert(thing[i].connections == 0 && thing[i].references == 0);
	meters_walk(gate.meters, 0, METERS_ALL, now + 3600 * S, 0, NULL, NULL);
	ck_assert_uint_eq(meters_used(gate.meters), 0);
}
END_TEST

FIXTURE_MAIN("usage_model", uses_open, uses_close, as_the_account)
