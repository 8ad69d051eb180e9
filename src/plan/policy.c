/*
 * policy.c
 *	  The policy of a run.
 *
 * Whoever writes the scripts writes the file beside them, too.  So a flag that
 * the registration sets is decided by it; of the floors it can set but the
 * strict value (base/policy_flag.c), so that no file can lower one and any file
 * can demand more.
 */
#include "postgres.h"

#include "plan/policy.h"

void
policy_decide(const PolicyFlags *environment, const PolicyFlags *registration, Policy *policy)
{
	for (int i = 0; i < POLICY_FLAG_COUNT; i++)
	{
		if (registration != NULL && registration->value[i] != POLICY_UNSET)
		{
			policy->value[i] = registration->value[i] == POLICY_TRUE;
			policy->origin[i] = "registration";
		}
		else if (environment != NULL && environment->value[i] != POLICY_UNSET)
		{
			policy->value[i] = environment->value[i] == POLICY_TRUE;
			policy->origin[i] = "environments.json";
		}
		else
		{
			policy->value[i] = policy_flag_default(i);
			policy->origin[i] = "default";
		}
	}
}

PolicyValue
policy_said(const Policy *policy, PolicyFlag flag)
{
	if (strcmp(policy->origin[flag], "default") == 0)
		return POLICY_UNSET;
	return policy->value[flag] ? POLICY_TRUE : POLICY_FALSE;
}
