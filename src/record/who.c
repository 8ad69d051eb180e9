/*
 * who.c
 *	  Who is at it, as the record says it.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "record/who.h"

static const char *acts_for = NULL;

void
who_act_for(const char *client_addr)
{
	acts_for = client_addr;
}

const char *
who_client_addr(void)
{
	LOCAL_FCINFO(fcinfo, 0);
	Datum		address;

	if (acts_for != NULL)
		return acts_for;
	InitFunctionCallInfoData(*fcinfo, NULL, 0, InvalidOid, NULL, NULL);
	address = inet_client_addr(fcinfo);
	return fcinfo->isnull ? NULL : DatumGetCString(DirectFunctionCall1(inet_out, address));
}

char *
who_name(Oid user)
{
	char	   *name = GetUserNameFromId(user, true);

	return name ? name : psprintf("oid %u (dropped)", user);
}
