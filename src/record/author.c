/*
 * author.c
 *	  Who wrote a row that others act upon, as the row has it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/array.h"

#include "base/owner_query.h"
#include "record/author.h"

bool
author_read(HeapTuple tuple, TupleDesc desc, int first, bool of_this_cluster, Author *author)
{
	Oid		   *const roles[3] = {&author->current, &author->session, &author->login};
	bool		isnull;
	Datum		array = heap_getattr(tuple, first, desc, &isnull);
	Datum	   *values;
	int			count = 0;
	bool		known = true;

	if (!isnull)
		deconstruct_array(DatumGetArrayTypePCopy(array), OIDOID, sizeof(Oid), true, TYPALIGN_INT,
						  &values, NULL, &count);
	for (int i = 0; i < 3; i++)
	{
		char	   *name = owner_query_text(tuple, desc, first + 1 + i);

		*roles[i] = !of_this_cluster ? (name ? get_role_oid(name, true) : InvalidOid) :
			count == 3 ? DatumGetObjectId(values[i]) : InvalidOid;
		known &= OidIsValid(*roles[i]);
	}
	return known;
}

Datum
author_oids(const Author *author)
{
	Datum		roles[3] = {
		ObjectIdGetDatum(author->current), ObjectIdGetDatum(author->session), ObjectIdGetDatum(author->login)
	};

	return PointerGetDatum(construct_array(roles, 3, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}
