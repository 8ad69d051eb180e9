/*
 * errors.h
 *	  SQLSTATEs of migrator's own class "MG".
 *
 * Conditions that PostgreSQL has a code for use that code.  The table in
 * docs/errors.md lists every code with the test that raises it.
 */
#ifndef MIGRATOR_BASE_ERRORS_H
#define MIGRATOR_BASE_ERRORS_H

#include "utils/elog.h"

#define ERRCODE_MIGRATOR_MODIFIED			MAKE_SQLSTATE('M','G','0','0','1')
#define ERRCODE_MIGRATOR_LATE				MAKE_SQLSTATE('M','G','0','0','2')
#define ERRCODE_MIGRATOR_DUPLICATE_VERSION	MAKE_SQLSTATE('M','G','0','0','3')
#define ERRCODE_MIGRATOR_DEPENDENCY			MAKE_SQLSTATE('M','G','0','0','4')
#define ERRCODE_MIGRATOR_BLOCKED			MAKE_SQLSTATE('M','G','0','0','5')
#define ERRCODE_MIGRATOR_NOT_APPROVED		MAKE_SQLSTATE('M','G','0','0','6')
#define ERRCODE_MIGRATOR_OUTSIDE_WINDOW		MAKE_SQLSTATE('M','G','0','0','7')
#define ERRCODE_MIGRATOR_BACKUP_REQUIRED	MAKE_SQLSTATE('M','G','0','0','8')
#define ERRCODE_MIGRATOR_DESTRUCTIVE		MAKE_SQLSTATE('M','G','0','0','9')
#define ERRCODE_MIGRATOR_NOT_CURRENT		MAKE_SQLSTATE('M','G','0','1','0')
#define ERRCODE_MIGRATOR_INTERRUPTED		MAKE_SQLSTATE('M','G','0','1','1')
#define ERRCODE_MIGRATOR_IRREVERSIBLE		MAKE_SQLSTATE('M','G','0','1','2')
#define ERRCODE_MIGRATOR_NOT_RECOGNISED		MAKE_SQLSTATE('M','G','0','1','3')
#define ERRCODE_MIGRATOR_DRIFT				MAKE_SQLSTATE('M','G','0','1','4')

#endif
