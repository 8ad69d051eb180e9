/*
 * policy_flag.c
 *	  The flags of policy, their names and defaults.
 */
#include "postgres.h"

#include "base/policy_flag.h"

typedef struct FlagKind
{
	const char *name;
	bool		when_unset;
	PolicyValue floor;
} FlagKind;

static const FlagKind kinds[POLICY_FLAG_COUNT] = {
	[POLICY_ALLOW_DESTRUCTIVE_OPERATIONS] = {"allow_destructive_operations", true, POLICY_FALSE},
	[POLICY_SKIP_VALIDATION] = {"skip_validation", false, POLICY_UNSET},
	[POLICY_AUTO_ROLLBACK_ON_FAILURE] = {"auto_rollback_on_failure", false, POLICY_UNSET},
	[POLICY_REQUIRE_APPROVAL] = {"require_approval", false, POLICY_TRUE},
	[POLICY_MAINTENANCE_WINDOW_REQUIRED] = {"maintenance_window_required", false, POLICY_TRUE},
	[POLICY_BACKUP_REQUIRED] = {"backup_required", false, POLICY_TRUE},
	[POLICY_AUTO_MIGRATE] = {"auto_migrate", false, POLICY_UNSET}
};

const char *
policy_flag_name(PolicyFlag flag)
{
	return kinds[flag].name;
}

bool
policy_flag_find(const char *name, PolicyFlag *flag)
{
	for (int i = 0; i < POLICY_FLAG_COUNT; i++)
	{
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		*flag = i;
		return true;
	}
	return false;
}

bool
policy_flag_default(PolicyFlag flag)
{
	return kinds[flag].when_unset;
}

PolicyValue
policy_flag_floor(PolicyFlag flag)
{
	return kinds[flag].floor;
}
