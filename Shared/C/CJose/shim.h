#ifndef PGA_CJOSE_SHIM_H
#define PGA_CJOSE_SHIM_H

#include <cjose/cjose.h>

#endif
