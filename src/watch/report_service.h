/*
 * report_service.h
 *	  What a report says of one service.
 */
#ifndef MIGRATOR_WATCH_REPORT_SERVICE_H
#define MIGRATOR_WATCH_REPORT_SERVICE_H

#include "lib/stringinfo.h"

#include "watch/report_data.h"

/* Append the section of a service, which is the n-th. */
extern void report_service(StringInfo page, const ReportService *service, int number);

/* A label with the state of a service. */
extern void report_service_state(StringInfo page, const ReportService *service);

#endif
