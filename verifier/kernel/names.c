/* SPDX-License-Identifier: Apache-2.0 */
/* Names of program, attach and map types, from their tables. Unknown numbers have no name. */
#include "verifier/kernel/names.h"

#include <stddef.h>

static const char *const prog_type_names[PT_CNT] = {
#define PROG_TYPE(id, NAME, name, caps, flags, profiles, attach) [id] = name,
#include "verifier/kernel/prog_types.def"
#undef PROG_TYPE
};

static const char *const attach_type_names[AT_CNT] = {
#define ATTACH_TYPE(id, NAME, name, profiles) [id] = name,
#include "verifier/kernel/attach_types.def"
#undef ATTACH_TYPE
};

static const char *const map_type_names[MT_CNT] = {
#define MAP_TYPE(id, NAME, name, direct, sleepable, profiles) [id] = name,
#include "verifier/kernel/map_types.def"
#undef MAP_TYPE
};

const char *names_prog_type(uint32_t id)
{
	return id < PT_CNT ? prog_type_names[id] : NULL;
}

const char *names_attach_type(uint32_t id)
{
	return id < AT_CNT ? attach_type_names[id] : NULL;
}

const char *names_map_type(uint32_t id)
{
	return id < MT_CNT ? map_type_names[id] : NULL;
}
