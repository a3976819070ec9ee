/* SPDX-License-Identifier: BSD-3-Clause */
/* On once, off once, by kind and subject; and the gate's counters as alarms. */
#include <stdio.h>
#include <string.h>

#include "alarms/alarms.h"
#include "alarms/faults.h"
#include "fixture.h"
#include "log.h"

static struct alarms alarms;

static void setup(void)
{
	log_init("test", (enum log_level)0); /* a thousand of them go on here */
	alarms = (struct alarms){ 0 };
}

static void teardown(void)
{
	alarms_finish(&alarms);
}

START_TEST(on_and_off)
{
	ck_assert(alarms_raise(&alarms, ALARM_DNS_FAILS, "google", 1000, "%s", "timeout"));
	ck_assert(!alarms_raise(&alarms, ALARM_DNS_FAILS, "google", 5000, "%s", "refused"));
	const struct alarm *alarm = alarms_find(&alarms, ALARM_DNS_FAILS, "google");
	ck_assert_ptr_nonnull(alarm);
	ck_assert_int_eq(alarm->since_ms, 1000);
	ck_assert_int_eq(alarm->last_ms, 5000);
	ck_assert_str_eq(alarm->detail, "refused");
	ck_assert_uint_eq(alarms.raised[ALARM_DNS_FAILS], 1);
	ck_assert(alarms_clear(&alarms, ALARM_DNS_FAILS, "google", 9000));
	ck_assert(!alarms_clear(&alarms, ALARM_DNS_FAILS, "google", 9000));
	ck_assert_uint_eq(alarms.count, 0);
}
END_TEST

START_TEST(by_subject)
{
	alarms_raise(&alarms, ALARM_DNS_FAILS, "google", 1, "%s", "");
	alarms_raise(&alarms, ALARM_DNS_FAILS, "microsoft", 2, "%s", "");
	alarms_raise(&alarms, ALARM_GATE_GONE, "", 3, "%s", "");
	ck_assert_uint_eq(alarms.count, 3);
	ck_assert(alarms_clear(&alarms, ALARM_DNS_FAILS, "google", 4));
	ck_assert_ptr_nonnull(alarms_find(&alarms, ALARM_DNS_FAILS, "microsoft"));
	ck_assert_ptr_nonnull(alarms_find(&alarms, ALARM_GATE_GONE, ""));
	ck_assert_ptr_null(alarms_find(&alarms, ALARM_GATE_GONE, "microsoft"));
}
END_TEST

START_TEST(long_subject)
{
	char subject[3 * ALARM_SUBJECT_MAX];

	memset(subject, 'x', sizeof(subject));
	subject[sizeof(subject) - 1] = '\0';
	ck_assert(alarms_raise(&alarms, ALARM_DNS_FAILS, subject, 1, "%s", subject));
	ck_assert(!alarms_raise(&alarms, ALARM_DNS_FAILS, subject, 2, "%s", subject));
	ck_assert(alarms_clear(&alarms, ALARM_DNS_FAILS, subject, 3));
}
END_TEST

START_TEST(too_many)
{
	char subject[32];

	for (int i = 0; i < 1500; i++) {
		snprintf(subject, sizeof(subject), "p%d", i);
		alarms_raise(&alarms, ALARM_DNS_FAILS, subject, i, "%s", "");
	}
	ck_assert_uint_eq(alarms.count + alarms.lost, 1500);
	ck_assert_uint_gt(alarms.lost, 0);
	ck_assert_uint_eq(alarms.raised[ALARM_DNS_FAILS], 1500);
}
END_TEST

static bool truncated_is_on(void)
{
	return alarms_find(&alarms, ALARM_GATE_COUNTS, "frames-cut") != NULL;
}

START_TEST(counters)
{
	uint64_t counter[COUNTERS] = { [COUNT_DROP_TRUNCATED] = 70, [COUNT_RX_INSIDE] = 5 };
	struct faults faults = { 0 };

	faults_look(&faults, counter, 77, 1, &alarms);
	ck_assert_msg(alarms.count == 0, "what was counted before is no news");
	counter[COUNT_DROP_TRUNCATED] += 3;
	counter[COUNT_RX_INSIDE] += 1000;
	faults_look(&faults, counter, 77, 2, &alarms);
	ck_assert_uint_eq(alarms.count, 1);
	const struct alarm *alarm = alarms_find(&alarms, ALARM_GATE_COUNTS, "frames-cut");
	ck_assert(alarm != NULL && strstr(alarm->detail, "3 drop-truncated so far") != NULL);
	for (int i = 1; i < FAULT_STILL_LOOKS; i++)
		faults_look(&faults, counter, 77, 3, &alarms);
	ck_assert(truncated_is_on());
	faults_look(&faults, counter, 77, 3, &alarms);
	ck_assert(!truncated_is_on());
}
END_TEST

/* However much it had counted: as much as the new one has, here. */
START_TEST(gate_restarted)
{
	uint64_t counter[COUNTERS] = { [COUNT_DROP_TRUNCATED] = 1 };
	struct faults faults = { 0 };

	faults_look(&faults, counter, 77, 1, &alarms);
	counter[COUNT_DROP_TRUNCATED] = 0;
	faults_look(&faults, counter, 78, 2, &alarms);
	ck_assert(!truncated_is_on());
	counter[COUNT_DROP_TRUNCATED] = 1;
	faults_look(&faults, counter, 79, 3, &alarms);
	ck_assert(truncated_is_on());
}
END_TEST

START_TEST(quiet_ones)
{
	uint64_t counter[COUNTERS] = { 0 };
	struct faults faults = { 0 };

	faults_look(&faults, counter, 77, 1, &alarms);
	counter[COUNT_STREAM_LOST] = 1;
	faults_look(&faults, counter, 77, 2, &alarms);
	ck_assert_uint_eq(alarms.count, 0);
}
END_TEST

START_TEST(names)
{
	for (int i = 0; i < ALARMS; i++) {
		ck_assert_msg(alarm_rows[i].name[0] != '\0' && alarm_rows[i].meaning[0] != '\0' &&
				      alarm_rows[i].advice[0] != '\0',
			      "alarm %d", i);
		for (int j = 0; j < i; j++)
			ck_assert_str_ne(alarm_rows[i].name, alarm_rows[j].name);
	}
}
END_TEST

FIXTURE_MAIN("alarms", setup, teardown, on_and_off, by_subject, long_subject, too_many, counters, gate_restarted,
	     quiet_ones, names)
