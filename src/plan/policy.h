/*
 * policy.h
 *	  The policy of a run: what its environment's flags and the registration's
 *	  floors come to.
 *
 * Pure.  What policy demands is asked for by gate.h.
 */
#ifndef MIGRATOR_PLAN_POLICY_H
#define MIGRATOR_PLAN_POLICY_H

#include "base/policy_flag.h"

typedef struct Policy
{
	bool		value[POLICY_FLAG_COUNT];
	const char *origin[POLICY_FLAG_COUNT];	/* default, environments.json,
											 * registration */
} Policy;

/*
 * The registration's word comes before that of the environment, which a file
 * beside the scripts says; either may be NULL.
 */
extern void policy_decide(const PolicyFlags *environment, const PolicyFlags *registration,
						  Policy *policy);

/* What is said of a flag, POLICY_UNSET where its default holds. */
extern PolicyValue policy_said(const Policy *policy, PolicyFlag flag);

#endif
