/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/hours.h"

#define HOUR_S 3600
#define HOUR_USEC 3600000000u
#define SLACK_USEC 60000000u	 /* answers come each few seconds about the full hour */
#define GAP_MOST_USEC 400000000u /* longer without an answer, and something may have been missed */

/* By both clocks. */
static bool lasted_an_hour(const struct hours *hours, int64_t hour, uint64_t steady_usec)
{
	uint64_t lasted = steady_usec - hours->began_usec;

	return hour == hours->hour + 1 && lasted > HOUR_USEC - SLACK_USEC && lasted < HOUR_USEC + SLACK_USEC;
}

enum hours_turn hours_hear(struct hours *hours, const struct hours_heard *heard)
{
	int64_t hour = heard->unix_s / HOUR_S;
	bool seen =
		heard->answered && heard->gate == hours->gate && heard->steady_usec - hours->heard_usec < GAP_MOST_USEC;

	hours->whole &= seen;
	hours->gate = heard->gate;
	if (heard->answered)
		hours->heard_usec = heard->steady_usec;
	if (hour == hours->hour)
		return HOUR_GOES_ON;
	bool first = hours->hour == 0, next = hour == hours->hour + 1,
	     whole = hours->whole && lasted_an_hour(hours, hour, heard->steady_usec);
	hours->hour = hour;
	hours->began_usec = heard->steady_usec;
	hours->whole = !first && seen && next;
	return whole ? HOUR_WHOLE : HOUR_OVER;
}
