#ifndef PGA_CMICROHTTPD_SHIM_H
#define PGA_CMICROHTTPD_SHIM_H

#include <microhttpd.h>

#endif
