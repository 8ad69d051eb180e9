/*
 * policy_flag.h
 *	  The flags of policy: what object "config" of environments.json says of an
 *	  environment, and what a registration may demand of every one.
 */
#ifndef MIGRATOR_BASE_POLICY_FLAG_H
#define MIGRATOR_BASE_POLICY_FLAG_H

/* in the order in which they are shown */
typedef enum PolicyFlag
{
	POLICY_ALLOW_DESTRUCTIVE_OPERATIONS,
	POLICY_SKIP_VALIDATION,
	POLICY_AUTO_ROLLBACK_ON_FAILURE,
	POLICY_REQUIRE_APPROVAL,
	POLICY_MAINTENANCE_WINDOW_REQUIRED,
	POLICY_BACKUP_REQUIRED,
	POLICY_AUTO_MIGRATE
} PolicyFlag;

#define POLICY_FLAG_COUNT (POLICY_AUTO_MIGRATE + 1)

typedef enum PolicyValue
{
	POLICY_UNSET,
	POLICY_FALSE,
	POLICY_TRUE
} PolicyValue;

/* What one place says; all unset when it is zero. */
typedef struct PolicyFlags
{
	PolicyValue value[POLICY_FLAG_COUNT];
} PolicyFlags;

/* As it is written: allow_destructive_operations. */
extern const char *policy_flag_name(PolicyFlag flag);

/* False when no flag has that name, which is compared as it stands. */
extern bool policy_flag_find(const char *name, PolicyFlag *flag);

/* What holds where nothing is said of it. */
extern bool policy_flag_default(PolicyFlag flag);

/*
 * The one value that a registration may give to it, so that no file can lower
 * what it demands: POLICY_UNSET for a flag that is no such floor.
 */
extern PolicyValue policy_flag_floor(PolicyFlag flag);

#endif
