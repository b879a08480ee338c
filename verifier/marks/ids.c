/* SPDX-License-Identifier: Apache-2.0 */
/* Are two states the same up to a renaming of ids? Numbers do not matter, only who shares them. */
#include "verifier/marks/ids.h"

bool ids_match(struct idmap *m, uint32_t old, uint32_t cur)
{
	uint32_t i;

	if (!old != !cur)
		return false;
	if (!old)
		return true;
	for (i = 0; i < m->cnt; i++) {
		if (m->pair[i].old == old)
			return m->pair[i].cur == cur;
		if (m->pair[i].cur == cur)
			return false;
	}
	if (m->cnt == IDS_MAX)
		return false;
	m->pair[m->cnt].old = old;
	m->pair[m->cnt].cur = cur;
	m->cnt++;
	return true;
}

bool ids_match_scalar(const struct behave *beh, struct idmap *m, uint32_t old, uint32_t cur)
{
	if (!beh->scalar_ids_compared)
		return true;
	if (!old)
		return true;
	if (!cur)
		cur = ++m->fresh;
	if (!ids_match(m, old, cur))
		return false;
	if (old & REG_ID_DELTA)
		return ids_match(m, old & ~REG_ID_DELTA, cur & ~REG_ID_DELTA);
	return true;
}
