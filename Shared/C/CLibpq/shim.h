#ifndef PGA_CLIBPQ_SHIM_H
#define PGA_CLIBPQ_SHIM_H

#include <postgresql/libpq-fe.h>

#endif
