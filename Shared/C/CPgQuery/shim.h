#ifndef PGA_CPGQUERY_SHIM_H
#define PGA_CPGQUERY_SHIM_H

#include <pg_query.h>

#endif
